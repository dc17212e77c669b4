import type { BrokerBanInfo } from '@mqtt-client-control/client';
import { api } from '../../api.js';
import { Dialog } from '../../components/dialog.js';
import { Failed } from '../../components/states.js';
import { useTask } from '../../components/use-task.js';
import { BAN_KINDS, filterOf } from './ban-kinds.js';
import { Matching } from './matching.js';

/** Lets clients in again that were kept out. */
export function LiftDialog({
  project,
  ban,
  onClose,
  onDone,
}: {
  project: string;
  ban: BrokerBanInfo;
  onClose: () => void;
  onDone: () => void;
}) {
  const { isBusy, error, run } = useTask();
  const { broker, as, who } = ban;
  const lift = async (): Promise<void> => {
    await api.deleteBan({ path: { projectId: project, brokerId: broker }, query: { as, who } });
    onDone();
    onClose();
  };
  return (
    <Dialog
      title="Lift a ban"
      onClose={onClose}
      foot={
        <>
          <button type="button" onClick={onClose}>
            Cancel
          </button>
          <button type="button" class="primary" disabled={isBusy} onClick={() => void run(lift)}>
            Lift the ban
          </button>
        </>
      }
    >
      <p>
        On <b>{broker}</b>, the {BAN_KINDS[as].title} <code>{who}</code> may connect again.
      </p>
      <Matching project={project} broker={broker} filter={filterOf(as, who)} verb="which stay" />
      {error !== undefined && <Failed error={error} />}
    </Dialog>
  );
}
