/** Error types of the API with the status each is sent with (API documentation, "Errors"). */
export const ERROR_STATUS = {
  invalid_request_error: 400,
  authentication_error: 401,
  permission_error: 403,
  not_found_error: 404,
  request_too_large: 413,
  rate_limit_error: 429,
  api_error: 500,
  overloaded_error: 529,
} as const;

/** The `error.type` of an error answer. */
export type AnthropicErrorType = keyof typeof ERROR_STATUS;

/** The body of an error answer and, as it is, the data of an SSE `error` event. */
export interface AnthropicErrorBody {
  readonly type: 'error';
  readonly error: { readonly type: AnthropicErrorType; readonly message: string };
  readonly request_id: string;
}

/** A failure that is answered with an Anthropic-shaped error. */
export class AnthropicError extends Error {
  override readonly name = 'AnthropicError';
  readonly type: AnthropicErrorType;
  /** Headers that only this error carries, such as `retry-after`. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(type: AnthropicErrorType, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.type = type;
    this.headers = headers;
  }

  get status(): number {
    return ERROR_STATUS[this.type];
  }

  body(requestId: string): AnthropicErrorBody {
    return { type: 'error', error: { type: this.type, message: this.message }, request_id: requestId };
  }
}
