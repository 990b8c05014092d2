// Errors of the HTTP API, in the form of the OpenAI API.
import { RnnError } from '../errors.ts';

/** An error that is answered with an HTTP status. */
export class ApiError extends Error {
  readonly status: number;
  /** The body of the answer. */
  readonly body: object;

  /**
   * @param param the member of the request that caused it
   * @param code a name for programs, such as `model_not_found`
   */
  constructor(status: number, message: string, param: string | null = null, code: string | null = null) {
    super(message);
    this.status = status;
    const type = status >= 500 ? 'server_error' : 'invalid_request_error';
    this.body = { error: { message, type, param, code } };
  }
}

/** The answer to any error. Errors that are not expected are not shown to the client. */
export function apiError(error: unknown, param: string | null = null): ApiError {
  if (error instanceof ApiError) return error;
  if (!(error instanceof RnnError)) return new ApiError(500, 'the server failed');
  return new ApiError(error.kind === 'usage' || error.kind === 'corpus' ? 400 : 500, error.message, param);
}
