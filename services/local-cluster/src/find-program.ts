import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';

/** The first of these programs that may be run from one of these folders; names count before folders. */
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
