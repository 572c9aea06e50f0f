// A small seeded source of randomness (mulberry32 over a mixed seed). Everything generated comes from it: there is no
// clock and no Math.random, so one seed gives the same bytes on every machine. It is not for secrets.

export interface Random {
  /** A number in [0, 1). */
  fraction(): number;
  /** An integer in [least, most], both ends included. */
  integer(least: number, most: number): number;
  chance(probability: number): boolean;
  pick<T>(choices: readonly T[]): T;
  shuffle<T>(values: readonly T[]): T[];
  /** Lower-case hex digits. */
  hex(digits: number): string;
  digits(count: number): string;
  uuid(): string;
  /** Another stream that depends on this seed and the label alone, not on what was drawn before. */
  fork(label: string): Random;
}

export function randomFrom(seed: number | string): Random {
  const start = mix(String(seed));
  let state = start;
  function word(): number {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  }
  const fraction = () => word() / 4294967296;
  const integer = (least: number, most: number) => least + Math.floor(fraction() * (most - least + 1));
  function hex(digits: number): string {
    let text = '';
    while (text.length < digits) text += word().toString(16).padStart(8, '0');
    return text.slice(0, digits);
  }
  return {
    fraction,
    integer,
    hex,
    chance: (probability) => fraction() < probability,
    pick: (choices) => {
      if (choices.length === 0) throw new RangeError('nothing to pick from: the list has 0 choices');
      return choices[integer(0, choices.length - 1)]!;
    },
    shuffle: (values) => {
      const shuffled = [...values];
      for (let last = shuffled.length - 1; last > 0; last--) {
        const other = integer(0, last);
        [shuffled[last], shuffled[other]] = [shuffled[other]!, shuffled[last]!];
      }
      return shuffled;
    },
    digits: (count) => {
      let text = '';
      for (let i = 0; i < count; i++) text += String(integer(0, 9));
      return text;
    },
    uuid: () => `${hex(8)}-${hex(4)}-4${hex(3)}-${'89ab'[integer(0, 3)]}${hex(3)}-${hex(12)}`,
    fork: (label) => randomFrom(`${start}/${label}`),
  };
}

function mix(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) | 0;
}
