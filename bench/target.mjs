/** The route that is measured: a subscription of a connected client, which the broker answers with success. */
export const PATH = '/api/projects/p/brokers/b{broker}/client-control/subscribe';

const body = (clientid) => JSON.stringify({ clientid, topic: 'firmware/updates', qos: 1 });

/** The one client of the main measurements. */
export const DEVICE = 'device-0';
export const BODY = body(DEVICE);
/** For a client that is not connected, which ends in a 404. */
export const BODY_OF_NOBODY = body('nobody');
export const BODY_OF_ANY_CLIENT = body('device-{client}');
