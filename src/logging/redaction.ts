/** Where a logged error or request could hold credentials; nothing of the service logs them, this is the second line of defence. */
export const AUTHORIZATION_PATHS = [
  'authorization',
  'password',
  '*.authorization',
  '*.password',
  '*.headers.authorization',
];
