// Names another program of this machine that holds a file, for whoever waits for it.

import { readFileSync } from 'node:fs';

/** Linux counts the start of processes in hundredths of a second, whatever its timer does. Source: proc(5), USER_HZ. */
const TICKS_PER_SECOND = 100;

/** Its name and since when it runs, as far as the system tells: a process of another container cannot be seen. */
export function programOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const name = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
    const startedTicks = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
    const bootSeconds = Number(/^btime (\d+)/m.exec(readFileSync('/proc/stat', 'latin1'))?.[1]);
    const since = new Date((bootSeconds + startedTicks / TICKS_PER_SECOND) * 1000).toISOString().slice(0, 19);
    return `process ${pid}, ${/^[\w.+-]+$/.test(name) ? name : 'whose name is not shown'}, running since ${since}Z`;
  } catch {
    return `process ${pid}`;
  }
}
