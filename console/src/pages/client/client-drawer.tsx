import type { ClientRef } from '../../address.js';
import { Id } from '../../components/id.js';
import { Drawer } from '../../shell/drawer.js';

/** One client, beside the list. */
export function ClientDrawer({ client, onClose }: { client: ClientRef; onClose: () => void }) {
  return (
    <Drawer title={<Id value={client.clientid} />} label={`Client ${client.clientid}`} onClose={onClose}>
      <p class="muted">{client.broker}</p>
    </Drawer>
  );
}
