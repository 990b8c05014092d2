// Cleaning up after work that may fail: the caller hears why the work failed, and not what went
// wrong afterwards because of it.

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
