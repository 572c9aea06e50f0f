// What is in the lake and not read, as a person reads it.

import { mayBeDeliveries, type RawSkip, type SkippedRaw } from '../../engine/plan/raw-keys.ts';
import { plural, table } from './text.ts';
import { visibleLine } from './visible.ts';

const SHOWN = 10;

const WHY: Readonly<Record<RawSkip, string>> = {
  dangling_link: 'a link to something that is not there',
  link_loop: 'a link back to a folder that holds it',
  name_not_utf8: 'a name that is not UTF-8',
  refused_name: 'a backslash or a control character in its name, or a name too long',
  special_file: 'a socket, a pipe or a device',
  hidden: 'a name that begins with _ or .',
  delta_log: 'the log of a Delta table; files that it says were removed are read all the same',
  not_parquet: 'not Parquet, by its name or its first bytes',
  outside_partitions: 'not below dt=YYYY-MM-DD/, the date on which it arrived',
  impossible_date: 'below a dt= that is not a date',
};

const FIX: Readonly<Record<RawSkip, string>> = {
  dangling_link: 'restore what it leads to, or remove it',
  link_loop: 'remove the link',
  name_not_utf8: 'rename it',
  refused_name: 'rename it',
  outside_partitions: 'move it below dt=YYYY-MM-DD/',
  impossible_date: 'move it below the date on which it arrived',
  delta_log: 'remove it, and the files that it says were removed',
  special_file: 'remove it',
  hidden: 'rename it',
  not_parquet: 'move it elsewhere',
};

export const whySkipped = ({ why }: SkippedRaw): string => WHY[why];
export const whatToDo = ({ why }: SkippedRaw): string => FIX[why];

/** Lines that name what may hold deliveries, and count the rest; none when nothing is skipped but hidden files. */
export function renderSkipped(skipped: readonly SkippedRaw[]): string[] {
  const named = skipped.filter(mayBeDeliveries);
  const other = skipped.filter(({ why }) => why === 'not_parquet');
  const counted = other.length === 0 ? [] : [`${plural(other.length, 'other file')} in the lake are not Parquet`];
  if (named.length === 0) return counted;
  const rows = named.slice(0, SHOWN).map((one) => [visibleLine(one.key), whySkipped(one), whatToDo(one)]);
  const more =
    named.length > SHOWN ? [`and ${plural(named.length - SHOWN, 'more', 'more')}: reprise doctor, --json`] : [];
  return [
    `${plural(named.length, 'entry', 'entries')} of the lake not read:`,
    table(['entry', 'why', 'what to do'], rows),
    ...more,
    ...counted,
  ];
}
