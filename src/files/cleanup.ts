// Cleaning up after work that may fail. The caller gets the error of the work, and not the errors
// that followed from it.

/**
 * Does the work, then cleans up. If the work fails, its error is thrown, even if cleaning up fails
 * too.
 */
export async function withCleanup<Result>(
  work: () => Promise<Result>,
  cleanUp: () => Promise<unknown>,
): Promise<Result> {
  let result: Result;
  try {
    result = await work();
  } catch (error) {
    await cleanUp().catch(() => {});
    throw error;
  }
  await cleanUp();
  return result;
}
