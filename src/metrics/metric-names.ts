/** What every metric's name begins with. */
export const PREFIX = 'client_control_';
