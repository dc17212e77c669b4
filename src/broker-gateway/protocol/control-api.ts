/** One control API of the broker: where requests go, and where the broker answers. */
export interface ControlApiTopics {
  readonly requestTopic: string;
  readonly responseTopic: string;
}

/** The control APIs the gateway speaks. Source: the Pro Mosquitto control APIs. */
export const CONTROL_APIS = {
  clientControl: {
    requestTopic: '$CONTROL/cedalo/client-control/v1',
    responseTopic: '$CONTROL/cedalo/client-control/v1/response',
  },
  clientInspect: {
    requestTopic: '$CONTROL/cedalo/inspect/v1',
    responseTopic: '$CONTROL/cedalo/inspect/v1/response',
  },
} as const satisfies Record<string, ControlApiTopics>;

/** The name of a control API. */
export type ControlApi = keyof typeof CONTROL_APIS;

/** All control APIs, in a fixed order. */
export const CONTROL_API_NAMES = Object.keys(CONTROL_APIS) as ControlApi[];
