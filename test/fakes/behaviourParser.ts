import {
  type JsonReader,
  optional,
  readArray,
  readBoolean,
  readEither,
  readFields,
  readInteger,
  readNumber,
  readObject,
  readOneOf,
  readString,
} from './jsonReader.ts';
import type {
  AnswerDelays,
  FaultTimes,
  ForcedFault,
  RateLimits,
  SimulatedToolUse,
  UnifiedWindow,
  UnifiedWindows,
  UpstreamBehaviour,
} from './upstreamBehaviour.ts';

type FaultOf<K extends ForcedFault['kind']> = Extract<ForcedFault, { kind: K }>;

/** A limit of 0 would never refill. */
const readLimit = optional(readNumber(Number.MIN_VALUE));
const readCount = optional(readInteger(0));
const readDelay = readNumber(0);
const times = optional(readEither<FaultTimes, FaultTimes>(readOneOf('untilCleared'), readInteger(0)));

const readLimits = readFields<RateLimits>({
  requestsPerMinute: readLimit,
  tokensPerMinute: readLimit,
  inputTokensPerMinute: readLimit,
  outputTokensPerMinute: readLimit,
});

const readFaultOfKind: { readonly [K in ForcedFault['kind']]: JsonReader<FaultOf<K>> } = {
  status: readFields<FaultOf<'status'>>({
    kind: readOneOf('status'),
    status: readOneOf(401, 403, 429, 500, 529),
    retryAfterSeconds: readCount,
    times,
  }),
  errorEvent: readFields<FaultOf<'errorEvent'>>({
    kind: readOneOf('errorEvent'),
    errorType: optional(readOneOf('api_error', 'overloaded_error')),
    afterEvents: readCount,
    times,
  }),
  slow: readFields<FaultOf<'slow'>>({
    kind: readOneOf('slow'),
    beforeHeadersMs: optional(readDelay),
    betweenEventsMs: optional(readDelay),
    times,
  }),
  cutBeforeHeaders: readFields<FaultOf<'cutBeforeHeaders'>>({ kind: readOneOf('cutBeforeHeaders'), times }),
  cutMidStream: readFields<FaultOf<'cutMidStream'>>({ kind: readOneOf('cutMidStream'), afterEvents: readCount, times }),
};

const readFaultKind = readOneOf('status', 'errorEvent', 'slow', 'cutBeforeHeaders', 'cutMidStream');

const readFault: JsonReader<ForcedFault> = (value, where) => {
  const kind = readFaultKind(readObject(value, where)['kind'], `${where}.kind`);
  return readFaultOfKind[kind](value, where);
};

const readWindow = readFields<UnifiedWindow>({
  utilization: readNumber(0),
  resetsAt: readNumber(0),
  status: readOneOf('allowed', 'allowed_warning', 'rejected'),
});

/**
 * Checks a change of behaviour that came as JSON; a misspelt field is an error, not a test that tests nothing.
 *
 * @throws Error that names the first field that is wrong
 */
export function parseBehaviourChange(value: unknown): Partial<UpstreamBehaviour> {
  return readBehaviourChange(value, 'behaviour');
}

const readBehaviourChange = readFields<Partial<UpstreamBehaviour>>({
  limits: optional(readLimits),
  acceptedKeys: optional(
    readEither<readonly string[] | 'any', readonly string[] | 'any'>(readOneOf('any'), readArray(readString)),
  ),
  faults: optional(readArray(readFault)),
  compression: optional(readOneOf('identity', 'gzip', 'br', 'deflate', 'zstd')),
  delays: optional(readFields<AnswerDelays>({ beforeHeadersMs: readDelay, betweenEventsMs: readDelay })),
  outputTokens: optional(readInteger(1)),
  deltaEvents: optional(readInteger(1)),
  messageDeltas: optional(readInteger(1)),
  thinking: optional(readBoolean),
  toolUse: optional(readEither(readOneOf(null), readFields<SimulatedToolUse>({ name: readString, input: readObject }))),
  unified: optional(
    readEither(readOneOf(null), readFields<UnifiedWindows>({ fiveHour: readWindow, sevenDay: readWindow })),
  ),
});
