// Where a raw object arrived, which its key says.

/** The date (UTC) of arrival that a key's partition states. */
export function arrivalDate(key: string): string {
  return /\/dt=(\d{4}-\d{2}-\d{2})\//.exec(key)?.[1] ?? '0001-01-01';
}
