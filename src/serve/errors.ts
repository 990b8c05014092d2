// Errors of the HTTP API, in the form of the OpenAI API.
import { RnnError } from '../errors.ts';

/** An error that is answered with an HTTP status. */
export class ApiError extends Error {
  readonly status: number;
  /** The member of the request that caused it, or null. */
  readonly param: string | null;
  /** A name for programs, such as `model_not_found`, or null. */
  readonly code: string | null;

  constructor(
    status: number,
    message: string,
    { param = null, code = null }: Partial<Pick<ApiError, 'param' | 'code'>> = {},
  ) {
    super(message);
    this.status = status;
    this.param = param;
    this.code = code;
  }

  /** The body of the answer. */
  get body(): { readonly error: object } {
    const type = this.status >= 500 ? 'server_error' : 'invalid_request_error';
    return { error: { message: this.message, type, param: this.param, code: this.code } };
  }
}

/** A member of a request has a wrong value. */
export const badMember = (param: string, message: string): ApiError => new ApiError(400, message, { param });

/** The answer to any error. Errors that are not expected are not shown to the client. */
export function apiError(error: unknown, param: string | null = null): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof RnnError && (error.kind === 'usage' || error.kind === 'corpus'))
    return new ApiError(400, error.message, { param });
  return new ApiError(500, error instanceof RnnError ? error.message : 'the server failed');
}
