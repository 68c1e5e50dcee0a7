/**
 * Runs a task whenever asked, one run at a time: asked while it runs, it runs once more afterwards.
 * @param task its failure goes to `onFailure`, and the next ask runs it again.
 */
export function rerun(task: () => Promise<void>, onFailure: (error: unknown) => void): () => void {
  let running = false;
  let again = false;
  const run = async (): Promise<void> => {
    running = true;
    do {
      again = false;
      try {
        await task();
      } catch (error) {
        onFailure(error);
      }
    } while (wanted());
    running = false;
  };
  const wanted = (): boolean => again;
  return () => {
    again = true;
    if (!running) void run();
  };
}
