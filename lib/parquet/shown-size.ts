// Sizes as messages show them.

/** Whole gigabytes or megabytes. */
export function size(bytes: number): string {
  const GB = 1024 ** 3;
  return bytes >= GB ? `${Math.round(bytes / GB)} GB` : `${Math.round(bytes / 1024 ** 2)} MB`;
}
