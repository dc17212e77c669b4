/** One control API of the broker: where requests go, and where the broker answers. */
export interface ControlApiTopics {
  readonly requestTopic: string;
  readonly responseTopic: string;
}

/**
 * The control APIs the gateway speaks: the Pro Mosquitto control APIs, and as `extension` this project's own endpoint, which
 * the companion plugin and the embedded broker offer.
 */
export const CONTROL_APIS = {
  clientControl: {
    requestTopic: '$CONTROL/cedalo/client-control/v1',
    responseTopic: '$CONTROL/cedalo/client-control/v1/response',
  },
  clientInspect: {
    requestTopic: '$CONTROL/cedalo/inspect/v1',
    responseTopic: '$CONTROL/cedalo/inspect/v1/response',
  },
  extension: {
    requestTopic: '$CONTROL/mqtt-client-control/v1',
    responseTopic: '$CONTROL/mqtt-client-control/v1/response',
  },
} as const satisfies Record<string, ControlApiTopics>;

/** The name of a control API. */
export type ControlApi = keyof typeof CONTROL_APIS;

/** All control APIs, in a fixed order. */
export const CONTROL_API_NAMES = Object.keys(CONTROL_APIS) as ControlApi[];
