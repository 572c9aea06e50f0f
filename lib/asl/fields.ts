/**
 * The fields each state type may have, and what each may hold: shape only. What expressions refer to is `references.ts`,
 * how states follow each other `graph.ts`. A field that is not in a table here is refused.
 */
import { expressionIn } from './expression.ts';
import { labelCharactersMax, maxDelaySecondsMax, secondsMax } from './limits.ts';
import { itemReaderResource, resultWriterResource, taskResources } from './machine.ts';

export type Report = (path: string, message: string) => void;
type Check = (value: unknown, path: string, report: Report) => void;
type Fields = Readonly<Record<string, Check>>;

const jsonPathOnly = new Set(
  'InputPath Parameters ResultSelector ResultPath OutputPath ItemsPath Variable SecondsPath TimestampPath ErrorPath CausePath TimeoutSecondsPath HeartbeatSecondsPath MaxConcurrencyPath ToleratedFailureCountPath ToleratedFailurePercentagePath MaxItemsPerBatchPath MaxItemsPath'.split(
    ' ',
  ),
);

export function memberPath(path: string, name: string): string {
  return /^[A-Za-z_][\w-]*$/.test(name) ? `${path}.${name}` : `${path}['${name}']`;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function object(fields: Fields, required: readonly string[] = []): Check {
  return (value, path, report) => {
    if (!isObject(value)) {
      report(path, 'must be an object');
      return;
    }
    for (const [name, member] of Object.entries(value)) {
      const check = Object.hasOwn(fields, name) ? fields[name] : undefined;
      const at = memberPath(path, name);
      if (check !== undefined) check(member, at, report);
      else if (jsonPathOnly.has(name)) report(at, 'is a JSONPath field; only JSONata is supported');
      else report(at, 'is not supported here');
    }
    for (const name of required) if (!(name in value)) report(memberPath(path, name), 'is required');
  };
}

function list(check: Check, min: number): Check {
  return (value, path, report) => {
    if (!Array.isArray(value)) {
      report(path, 'must be an array');
      return;
    }
    if (value.length < min) report(path, `must have at least ${min} member(s)`);
    for (const [index, member] of value.entries()) check(member, `${path}[${index}]`, report);
  };
}

function number(min: number, max: number, whole = true): Check {
  return (value, path, report) => {
    const inBounds = typeof value === 'number' && value >= min && value <= max;
    if (!inBounds || (whole && !Number.isInteger(value))) {
      report(path, `must be a ${whole ? 'whole ' : ''}number from ${min} to ${max}`);
    }
  };
}

const oneOf =
  (...values: readonly unknown[]): Check =>
  (value, path, report) => {
    if (!values.includes(value)) report(path, `must be ${values.map((one) => JSON.stringify(one)).join(' or ')}`);
  };

const text: Check = (value, path, report) => {
  if (typeof value !== 'string' || value === '') report(path, 'must be a non-empty string');
};

const isExpression = (value: unknown): boolean => typeof value === 'string' && expressionIn(value) !== undefined;
const orExpression =
  (check: Check): Check =>
  (value, path, report) => {
    if (!isExpression(value)) check(value, path, report);
  };

/** Any JSON; the expressions in it are checked by `references.ts`. */
const template: Check = () => {};
const assignments: Check = (value, path, report) => {
  if (!isObject(value)) report(path, 'must be an object');
};
const condition: Check = orExpression((value, path, report) => {
  if (typeof value !== 'boolean') report(path, 'must be an expression or a boolean');
});
const items: Check = orExpression((value, path, report) => {
  if (!Array.isArray(value)) report(path, 'must be an array or an expression');
});
const label: Check = (value, path, report) => {
  if (typeof value === 'string' && /^[\w-]+$/.test(value) && value.length <= labelCharactersMax) return;
  report(path, `must be 1 to ${labelCharactersMax} letters, digits, - or _`);
};

const errorEquals: Check = (value, path, report) => {
  list(text, 1)(value, path, report);
  if (Array.isArray(value) && value.includes('States.ALL') && value.length > 1) {
    report(path, 'States.ALL must stand alone');
  }
};

/** States.ALL matches whatever is left, so nothing may come after it. */
function lastCatchesAll(check: Check): Check {
  return (value, path, report) => {
    list(check, 1)(value, path, report);
    if (!Array.isArray(value)) return;
    for (const [index, one] of value.slice(0, -1).entries()) {
      if (one?.ErrorEquals?.includes?.('States.ALL')) report(`${path}[${index}]`, 'States.ALL must be in the last one');
    }
  };
}

const shaped: Fields = { Output: template, Assign: assignments };
const common: Fields = { Type: text, Comment: template, QueryLanguage: oneOf('JSONata') };
const onward: Fields = { Next: text, End: oneOf(true) };

const retrier: Check = (value, path, report) => {
  const fields = {
    ErrorEquals: errorEquals,
    IntervalSeconds: number(1, secondsMax),
    BackoffRate: number(1, Number.MAX_SAFE_INTEGER, false),
    MaxAttempts: number(0, secondsMax),
    MaxDelaySeconds: number(1, maxDelaySecondsMax),
    JitterStrategy: oneOf('FULL', 'NONE'),
    Comment: template,
  };
  object(fields, ['ErrorEquals'])(value, path, report);
  if (!isObject(value)) return;
  const { MaxDelaySeconds, IntervalSeconds = 1 } = value as { MaxDelaySeconds?: number; IntervalSeconds?: number };
  if (MaxDelaySeconds !== undefined && MaxDelaySeconds <= IntervalSeconds) {
    report(`${path}.MaxDelaySeconds`, 'must be greater than IntervalSeconds');
  }
};
const catcher = object({ ErrorEquals: errorEquals, Next: text, Comment: template, ...shaped }, ['ErrorEquals', 'Next']);
const guards: Fields = { Retry: lastCatchesAll(retrier), Catch: lastCatchesAll(catcher) };

const lambdaArguments = orExpression(object({ FunctionName: text, Payload: template }, ['FunctionName']));
const s3Place = (...names: readonly [string, ...string[]]): Check =>
  orExpression(object(Object.fromEntries(names.map((name) => [name, text])), names[1] === 'Key' ? names : ['Bucket']));
const itemReader = object(
  {
    Resource: oneOf(itemReaderResource),
    ReaderConfig: object({ InputType: oneOf('JSONL'), MaxItems: orExpression(number(1, secondsMax)) }, ['InputType']),
    Arguments: s3Place('Bucket', 'Key'),
  },
  ['Resource', 'ReaderConfig', 'Arguments'],
);
const resultWriter = object({ Resource: oneOf(resultWriterResource), Arguments: s3Place('Bucket', 'Prefix') }, [
  'Resource',
  'Arguments',
]);
const itemBatcher = object({ MaxItemsPerBatch: orExpression(number(1, secondsMax)), BatchInput: template }, [
  'MaxItemsPerBatch',
]);

/** The machine itself. Its States are checked one by one. */
export const machineFields = object(
  {
    QueryLanguage: oneOf('JSONata'),
    Version: oneOf('1.0'),
    Comment: template,
    StartAt: text,
    States: template,
    TimeoutSeconds: number(1, secondsMax),
  },
  ['QueryLanguage', 'StartAt', 'States'],
);

export const processorFields = object(
  {
    ProcessorConfig: object({ Mode: oneOf('INLINE', 'DISTRIBUTED'), ExecutionType: oneOf('STANDARD', 'EXPRESS') }),
    Comment: template,
    StartAt: text,
    States: template,
  },
  ['StartAt', 'States'],
);

const seconds = orExpression(number(0, secondsMax));
const inlineMap: Fields = {
  ...common,
  ...onward,
  ...shaped,
  ...guards,
  ItemProcessor: template,
  Items: items,
  ItemSelector: template,
  MaxConcurrency: orExpression(number(0, secondsMax)),
};
const distributedMap: Fields = {
  ...inlineMap,
  ItemReader: itemReader,
  ItemBatcher: itemBatcher,
  ToleratedFailurePercentage: orExpression(number(0, 100)),
  ToleratedFailureCount: orExpression(number(0, secondsMax)),
  ResultWriter: resultWriter,
  Label: label,
};

export const stateFields: Readonly<Record<string, Check>> = {
  Task: object(
    {
      ...common,
      ...onward,
      ...shaped,
      ...guards,
      Resource: oneOf(...taskResources),
      Arguments: lambdaArguments,
      TimeoutSeconds: orExpression(number(1, secondsMax)),
    },
    ['Resource', 'Arguments'],
  ),
  Choice: object(
    {
      ...common,
      ...shaped,
      Choices: list(
        object({ Condition: condition, Next: text, Comment: template, ...shaped }, ['Condition', 'Next']),
        1,
      ),
      Default: text,
    },
    ['Choices'],
  ),
  Pass: object({ ...common, ...onward, ...shaped }),
  Wait: object({ ...common, ...onward, ...shaped, Seconds: seconds }, ['Seconds']),
  Succeed: object({ ...common, Output: template }),
  Fail: object({ ...common, Error: text, Cause: text }),
  Map: (value, path, report) => {
    const distributed = (value as MapShape).ItemProcessor?.ProcessorConfig?.Mode === 'DISTRIBUTED';
    object(distributed ? distributedMap : inlineMap, ['ItemProcessor'])(value, path, report);
    const { Items, ItemReader } = value as MapShape;
    if (Items !== undefined && ItemReader !== undefined) report(`${path}.Items`, 'cannot stand beside ItemReader');
  },
};

interface MapShape {
  readonly ItemProcessor?: { readonly ProcessorConfig?: { readonly Mode?: unknown } };
  readonly Items?: unknown;
  readonly ItemReader?: unknown;
}
