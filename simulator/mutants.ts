// Wrong rules that look right, to show that the simulator can tell: each must be caught by some history.

import { PUBLISH_RULE, type PublishRule } from '../engine/publish/rule.ts';
import { formatDay, parseDay } from '../model/time.ts';
import { SOUND_BEHAVIOUR, type WarehouseBehaviour } from './warehouse.ts';

export interface Mutant {
  readonly name: string;
  /** What it does wrong. */
  readonly wrong: string;
  readonly behaviour: WarehouseBehaviour;
}

const previousDate = (date: string): string => formatDay((parseDay(date) as number) - 1);

const ruled = (change: Partial<PublishRule>): WarehouseBehaviour => ({
  ...SOUND_BEHAVIOUR,
  rule: { ...PUBLISH_RULE, ...change },
});

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'transform_first',
    wrong: 'rows of newer transforms win, whatever delivery they are of',
    behaviour: ruled({
      isUpward: (staged, standing) =>
        staged.transformVersion !== standing.transformVersion || PUBLISH_RULE.isUpward(staged, standing),
    }),
  },
  {
    name: 'content_only',
    wrong: 'a row with equal content is left alone, although it is of another delivery',
    behaviour: ruled({
      isUnchanged: (staged, standing) => staged.content === standing.content && staged.date === standing.date,
    }),
  },
  {
    name: 'delete_unjudged',
    wrong: 'rows that were not staged are deleted, although the plan never read their objects',
    behaviour: ruled({ mayDelete: (_, isWhole) => isWhole }),
  },
  {
    name: 'held_by_epoch',
    wrong: 'a partial plan leaves dates alone whose last whole publish was in another epoch of the same transforms',
    behaviour: ruled({ isHeld: (last, { epochs: [epoch] }) => last?.epoch !== epoch }),
  },
  {
    name: 'never_held',
    wrong: 'a partial plan adds to dates that were last published whole by other transforms',
    behaviour: ruled({ isHeld: () => false }),
  },
  {
    name: 'gone_is_whole',
    wrong: 'rows are deleted at dates where events whose raw is gone remain',
    behaviour: ruled({ datesOfGoneRaw: () => new Set() }),
  },
  {
    name: 'gone_is_live',
    wrong: 'rows whose raw is gone count as newer live data',
    behaviour: ruled({ keptAs: (isJudged) => (isJudged ? 'not_whole' : 'kept_newer') }),
  },
  {
    name: 'origins_forgotten',
    wrong: 'an undo does not retire transforms at the dates that rows came from',
    behaviour: ruled({ undoneDates: () => [] }),
  },
  {
    name: 'retired_around',
    wrong: 'an undo retires transforms at dates that it did not change',
    behaviour: ruled({
      undoneDates: (changed) => {
        const [first, ...rest] = PUBLISH_RULE.undoneDates(changed);
        return first === undefined ? [] : [previousDate(first), first, ...rest];
      },
    }),
  },
  {
    name: 'no_fence',
    wrong: 'the warehouse takes what a writer with an older lease writes',
    behaviour: { ...SOUND_BEHAVIOUR, checksFence: false },
  },
  {
    name: 'token_outside',
    wrong: 'the commit token is written after the transaction',
    behaviour: { ...SOUND_BEHAVIOUR, keepsTokenInTransaction: false },
  },
];

/** Of the mutant of that name; the sound behaviour for none. */
export function behaviourOf(name: string | undefined): WarehouseBehaviour {
  return MUTANTS.find((mutant) => mutant.name === name)?.behaviour ?? SOUND_BEHAVIOUR;
}
