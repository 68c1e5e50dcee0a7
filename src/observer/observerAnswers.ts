import type { LoopbackAnswer } from '../loopback/loopbackAnswer.ts';

const here = 'This address is where Agent Quota learns what its agents use';

/** What is answered to a report that is not taken in. */
export const observerAnswers = {
  notServed: answer(404, 'invalid_request_error', `${here}, and what was asked for is nothing here.`),
  notPosted: answer(405, 'invalid_request_error', `${here}; reports are posted.`),
  unknownSession: answer(401, 'authentication_error', `${here}, and this is the address of none of its sessions.`),
  endedSession: answer(
    403,
    'permission_error',
    `${here}, and the session of this address has ended or reports in another way.`,
  ),
  tooLong: answer(413, 'invalid_request_error', `${here}; a report has 4 MiB at most.`),
  tooSlow: answer(408, 'invalid_request_error', `${here}; this report did not come in time.`),
  unreadable: answer(400, 'invalid_request_error', `${here}, and this report is not what it says it is.`),
  otherType: answer(415, 'invalid_request_error', `${here}; the type or coding of this report is none that is read.`),
  /** Source: OpenTelemetry Protocol specification, "Retryable Response Codes": 503 is sent again. */
  ownFault: {
    status: 503,
    type: 'api_error',
    message: `${here}. The report could not be taken in; sending it again may help.`,
    retry: 'freely',
  },
  starting: {
    status: 503,
    type: 'api_error',
    message: `${here}, and it is still starting. Sending the report again later helps.`,
    retry: 'freely',
  },
} as const satisfies Readonly<Record<string, LoopbackAnswer>>;

function answer(status: number, type: LoopbackAnswer['type'], message: string): LoopbackAnswer {
  return { status, type, message, retry: 'never' };
}
