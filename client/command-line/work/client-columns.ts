import type { FoundClientInfo } from '../../src/index.js';
import { time, type Column } from '../output/cell.js';

/** Clients, for people. */
export const CLIENT_COLUMNS: readonly Column<FoundClientInfo>[] = [
  { title: 'PROJECT', of: ({ project }) => project },
  { title: 'BROKER', of: ({ broker }) => broker },
  { title: 'CLIENT ID', of: ({ clientid }) => clientid },
  { title: 'USER NAME', of: ({ username }) => username },
  { title: 'ADDRESS', of: ({ address }) => address },
  { title: 'CONNECTED', of: ({ connected }) => connected },
  {
    title: 'SINCE',
    of: ({ connected, lastConnect, lastDisconnect }) =>
      time(connected === false ? lastDisconnect : lastConnect),
  },
  { title: 'PROTOCOL', of: ({ protocolVersion }) => protocolVersion },
];
