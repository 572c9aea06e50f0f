/**
 * The shape of an Amazon States Language machine (JSONata only) once `load.ts` has accepted it. Field names are those of
 * the ASL file, so that the file can be read next to the code. Types only; nothing here runs.
 */

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [member: string]: JsonValue;
}

/** JSON in which every string that is wholly `{% … %}` is an expression. */
export type Template = JsonValue;
/** A number, or the text of an expression that gives one. */
export type NumberOrExpression = number | string;

/** What can be executed step by step: the machine itself, or the ItemProcessor of a Map. */
export interface Flow {
  readonly StartAt: string;
  readonly States: Readonly<Record<string, State>>;
}

export interface StateMachine extends Flow {
  readonly name: string;
  readonly TimeoutSeconds?: number;
}

export interface Retrier {
  readonly ErrorEquals: readonly string[];
  readonly IntervalSeconds?: number;
  readonly BackoffRate?: number;
  readonly MaxAttempts?: number;
  readonly MaxDelaySeconds?: number;
  readonly JitterStrategy?: 'FULL' | 'NONE';
}

/** What any state leaves behind: its output and its variables. */
export interface Leaving {
  readonly Output?: Template;
  readonly Assign?: Readonly<Record<string, Template>>;
}

export interface Catcher extends Leaving {
  readonly ErrorEquals: readonly string[];
  readonly Next: string;
}

export interface ChoiceRule extends Leaving {
  readonly Condition: string | boolean;
  readonly Next: string;
}

/** Exactly one of the two, as `load.ts` has checked. */
interface Transition {
  readonly Next?: string;
  readonly End?: true;
}

interface Guarded {
  readonly Retry?: readonly Retrier[];
  readonly Catch?: readonly Catcher[];
}

export interface TaskState extends Transition, Guarded, Leaving {
  readonly Type: 'Task';
  readonly Resource: (typeof taskResources)[number];
  readonly Arguments: Template;
  readonly TimeoutSeconds?: NumberOrExpression;
}

export interface MapState extends Transition, Guarded, Leaving {
  readonly Type: 'Map';
  readonly ItemProcessor: ItemProcessor;
  readonly Items?: Template;
  readonly ItemReader?: ItemReader;
  readonly ItemSelector?: Template;
  readonly ItemBatcher?: { readonly MaxItemsPerBatch: NumberOrExpression; readonly BatchInput?: Template };
  readonly MaxConcurrency?: NumberOrExpression;
  readonly ToleratedFailurePercentage?: NumberOrExpression;
  readonly ToleratedFailureCount?: NumberOrExpression;
  readonly ResultWriter?: { readonly Resource: string; readonly Arguments: Template };
  readonly Label?: string;
}

export interface ItemProcessor extends Flow {
  readonly ProcessorConfig?: {
    readonly Mode: 'INLINE' | 'DISTRIBUTED';
    readonly ExecutionType?: 'STANDARD' | 'EXPRESS';
  };
}

export interface ItemReader {
  readonly Resource: string;
  readonly ReaderConfig: { readonly InputType: 'JSONL'; readonly MaxItems?: NumberOrExpression };
  readonly Arguments: Template;
}

export interface ChoiceState extends Leaving {
  readonly Type: 'Choice';
  readonly Choices: readonly ChoiceRule[];
  readonly Default?: string;
}

export interface PassState extends Transition, Leaving {
  readonly Type: 'Pass';
}

export interface WaitState extends Transition, Leaving {
  readonly Type: 'Wait';
  readonly Seconds: NumberOrExpression;
}

export interface SucceedState {
  readonly Type: 'Succeed';
  readonly Output?: Template;
}

export interface FailState {
  readonly Type: 'Fail';
  readonly Error?: string;
  readonly Cause?: string;
}

export type State = TaskState | MapState | ChoiceState | PassState | WaitState | SucceedState | FailState;

export const taskResources = [
  'arn:aws:states:::lambda:invoke',
  'arn:aws:states:::lambda:invoke.waitForTaskToken',
] as const;
export const itemReaderResource = 'arn:aws:states:::s3:getObject';
export const resultWriterResource = 'arn:aws:states:::s3:putObject';

export function isDistributed(state: MapState): boolean {
  return state.ItemProcessor.ProcessorConfig?.Mode === 'DISTRIBUTED';
}
