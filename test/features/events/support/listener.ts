import { until } from '../../../support/until.js';

/** An event that a stream brought. */
export interface Message {
  readonly id: string | undefined;
  readonly event: string;
  readonly data: Record<string, unknown>;
}

/** A listener over HTTP, as an EventSource would be. */
export class Listener {
  readonly messages: Message[] = [];
  /** As an EventSource keeps it: the latest, of whatever message. */
  lastEventId: string | undefined;
  isOver = false;
  readonly #abort = new AbortController();

  private constructor(
    readonly response: Response,
    abort: AbortController,
  ) {
    this.#abort = abort;
    void this.#read()
      .catch(() => undefined)
      .finally(() => (this.isOver = true));
  }

  static async open(url: string, token: string, headers: Record<string, string> = {}): Promise<Listener> {
    const abort = new AbortController();
    const response = await fetch(url, {
      headers: { Authorization: `Bearer ${token}`, ...headers },
      signal: abort.signal,
    });
    return new Listener(response, abort);
  }

  close(): void {
    this.#abort.abort();
  }

  of(event: string): Message[] {
    return this.messages.filter((message) => message.event === event);
  }

  async next(
    event: string,
    matches: (data: Record<string, unknown>) => boolean = () => true,
  ): Promise<Message> {
    return until(() => this.of(event).find(({ data }) => matches(data)), `an event ${event}`);
  }

  async #read(): Promise<void> {
    let text = '';
    const decoder = new TextDecoder();
    for await (const chunk of this.response.body ?? []) {
      text += decoder.decode(chunk as Uint8Array, { stream: true });
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        this.#take(text.slice(0, end).split('\n'));
        text = text.slice(end + 2);
      }
    }
  }

  #take(lines: readonly string[]): void {
    const field = (name: string): string | undefined =>
      lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
    this.lastEventId = field('id') ?? this.lastEventId;
    const data = field('data');
    if (data === undefined) return;
    this.messages.push({
      id: field('id'),
      event: field('event') ?? '',
      data: JSON.parse(data) as Record<string, unknown>,
    });
  }
}
