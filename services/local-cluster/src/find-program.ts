import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';

/** Finds the first executable of `names` in `folders`, in the order of the names. */
export async function findProgram(
  names: readonly string[],
  folders: readonly string[],
): Promise<string | undefined> {
  for (const name of names) {
    for (const folder of folders) {
      if (folder === '') continue;
      const file = join(folder, name);
      const runnable = await access(file, constants.X_OK).then(
        () => true,
        () => false,
      );
      if (runnable) return file;
    }
  }
  return undefined;
}
