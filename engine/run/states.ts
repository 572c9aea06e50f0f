// The states that a run is in, and what is true of each: the one table that commands, tasks and checks ask.

interface StateFacts {
  /** It is at its end: nothing goes on with it by itself. */
  readonly hasEnded: boolean;
  /** Nothing is left for anybody to do with it, whether it did all that was asked of it or was refused. */
  readonly isOver: boolean;
  /** It did all that was asked of it. */
  readonly isDone: boolean;
  /** `resume` takes it up when none is named: it waits for nobody's yes. */
  readonly canGoOn: boolean;
  /** Somebody asked it to stop, and it did. */
  readonly isStopped: boolean;
  /** It waits for a person's yes, or would take one after all. */
  readonly awaitsDecision: boolean;
  /** Its execution ends well. */
  readonly endsWell: boolean;
}

const facts = (...names: readonly (keyof StateFacts)[]): StateFacts => ({
  hasEnded: names.includes('hasEnded'),
  isOver: names.includes('isOver'),
  isDone: names.includes('isDone'),
  canGoOn: names.includes('canGoOn'),
  isStopped: names.includes('isStopped'),
  awaitsDecision: names.includes('awaitsDecision'),
  endsWell: names.includes('endsWell'),
});

const RUN_STATES = {
  /** Somebody executes it, or did until the process died: `stateOf` says which. */
  running: facts('canGoOn'),
  /** Waits to be published. */
  staged: facts('awaitsDecision', 'endsWell'),
  awaiting_approval: facts('awaitsDecision'),
  /** Waits for whoever paused it. */
  paused: facts('canGoOn', 'isStopped'),
  succeeded: facts('hasEnded', 'isOver', 'isDone', 'endsWell'),
  nothing_to_do: facts('hasEnded', 'isOver', 'isDone', 'endsWell'),
  /** Objects that could not be read left gaps. */
  published_with_gaps: facts('hasEnded', 'isOver', 'isDone', 'endsWell'),
  /** What is built from the tables was not built anew. */
  published_downstream_stale: facts('hasEnded', 'isOver', 'isDone'),
  refused: facts('hasEnded', 'isOver', 'awaitsDecision'),
  failed: facts('hasEnded', 'canGoOn'),
  cancelled: facts('hasEnded', 'canGoOn', 'isStopped'),
  partially_published: facts('hasEnded', 'canGoOn', 'isStopped'),
} as const satisfies Record<string, StateFacts>;

export type RunState = keyof typeof RUN_STATES;

/** Whether what is asked is true of runs in the state. A state that is only shown, as `interrupted`, is none. */
export const isTrueOf = (state: string, what: keyof StateFacts): boolean =>
  Object.hasOwn(RUN_STATES, state) && RUN_STATES[state as RunState][what];
