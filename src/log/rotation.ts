import { realpath, rename, stat, unlink } from 'node:fs/promises';

const exists = async (file: string): Promise<boolean> => {
  try {
    await stat(file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
};

/**
 * Moves `file` to `file.1`, `file.1` to `file.2` and so on; at most `keep` older files remain. Nothing may have the file
 * open for writing. A link is followed: the files lie where it points.
 */
export async function rotate(file: string, keep: number): Promise<void> {
  const path = await realpath(file);
  // What an earlier, larger `keep` has left. A name with a date in it (logrotate's dateext) does not follow on and stays.
  for (let index = keep + 1; await exists(`${path}.${index}`); index += 1) await unlink(`${path}.${index}`);
  if (keep === 0) return unlink(path);
  let free = 1;
  while (free < keep && (await exists(`${path}.${free}`))) free += 1;
  for (let index = free; index > 1; index -= 1) await rename(`${path}.${index - 1}`, `${path}.${index}`);
  await rename(path, `${path}.1`);
}
