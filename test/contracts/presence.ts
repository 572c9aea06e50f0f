// What everything promises that says whether the holder of a lease is gone: dead is only who certainly is.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

export interface HolderUnderTest {
  /** As a lease names it. */
  readonly name: string;
  /** Ends it, and waits until it has ended. */
  end(): Promise<void>;
}

export interface PresenceUnderTest {
  isDead(holder: string): Promise<boolean>;
  /** Begins a holder that can be seen from here. */
  begin(): Promise<HolderUnderTest>;
  /** One that cannot, which has ended or not. */
  readonly elsewhere: string;
  close(): Promise<void>;
}

export function describePresence(name: string, open: () => Promise<PresenceUnderTest>): void {
  describe(`${name}: presence`, () => {
    let under: PresenceUnderTest;
    beforeAll(async () => {
      under = await open();
    });
    afterAll(() => under.close());

    it('takes a holder for dead once it has ended, and never before', async () => {
      const [one, other] = [await under.begin(), await under.begin()];
      expect(one.name).not.toBe(other.name);
      expect([await under.isDead(one.name), await under.isDead(other.name)]).toEqual([false, false]);
      await one.end();
      expect([await under.isDead(one.name), await under.isDead(other.name)]).toEqual([true, false]);
      expect(await under.isDead(one.name)).toBe(true);
      await other.end();
      expect(await under.isDead(other.name)).toBe(true);
    });

    it('never takes one for dead of which it knows nothing', async () => {
      for (const holder of [under.elsewhere, 'nobody', '', '/', 'somewhere/4242', 'somewhere/4242-x'])
        expect(await under.isDead(holder)).toBe(false);
    });
  });
}
