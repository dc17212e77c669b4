import type { FeatureFinding } from '../connection/broker-status.js';
import type { ExtensionInfo } from './extension.js';

/** What is known of the extension endpoint and of the handing over of retained messages. */
export interface RetainedFacts {
  /** What the endpoint says of itself; null without one. */
  readonly extension: ExtensionInfo | null;
  /** Whether there is one. */
  readonly endpoint: FeatureFinding;
  /** Whether it is switched on in the configuration. */
  readonly isOn: boolean;
  /** What keeps it from working. */
  readonly problem: FeatureFinding | undefined;
}

/** Whether a client that is subscribed on its behalf gets the retained messages that its `send_retain` asks for. */
export function retainedFinding({ extension, endpoint, isOn, problem }: RetainedFacts): FeatureFinding {
  const { since, state } = endpoint;
  if (state === 'unknown') return endpoint;
  if (extension === null) {
    const words =
      "without this project's own endpoint, what the broker does with retained messages is not known";
    return { state: state === 'available' ? 'unknown' : state, since, words };
  }
  if (!extension.features.subscribe)
    return { state: 'unsupported', since, words: 'this broker lets nobody subscribe its clients' };
  if (extension.plugin === 'embedded')
    return { state: 'available', since, words: 'the broker sends them itself' };
  if (!extension.features.retained)
    return {
      state: 'unavailable',
      since,
      words: "the plugin's option deliver_retained is not set: none are sent",
    };
  if (!isOn)
    return {
      state: 'unavailable',
      since,
      words: 'the broker has no `retained: deliver` in the configuration: none are sent',
    };
  return (
    problem ?? {
      state: 'available',
      since,
      words: "this service hands them over; the client's own read rights are not asked",
    }
  );
}
