import { useState } from 'preact/hooks';
import { api } from '../../api.js';
import { Dialog } from '../../components/dialog.js';
import { Failed } from '../../components/states.js';
import { useTask } from '../../components/use-task.js';
import type { Standing } from './standing-page.js';

/** Lifts a standing subscription, and takes it away from those that have it if that is wanted. */
export function DeleteDialog({
  project,
  standing,
  onClose,
  onDone,
}: {
  project: string;
  standing: Standing;
  onClose: () => void;
  onDone: () => void;
}) {
  const [unsubscribe, setUnsubscribe] = useState(false);
  const { isBusy, error, run } = useTask();
  const { broker, name, topic, clients } = standing;
  const lift = async (): Promise<void> => {
    await api.deleteStandingSubscription({
      path: { projectId: project, brokerId: broker, name },
      query: { unsubscribe },
    });
    onDone();
    onClose();
  };
  return (
    <Dialog
      title={`Lift ${name}`}
      onClose={onClose}
      foot={
        <>
          <button type="button" onClick={onClose}>
            Cancel
          </button>
          <button type="button" class="danger" disabled={isBusy} onClick={() => void run(lift)}>
            Lift it
          </button>
        </>
      }
    >
      <p>
        Clients of <b>{broker}</b> are no longer subscribed to <code>{topic}</code> when they connect.
      </p>
      <label class="choice">
        <input
          type="checkbox"
          checked={unsubscribe}
          onChange={({ currentTarget }) => setUnsubscribe(currentTarget.checked)}
        />
        {clients === 1
          ? 'also take it away from the client that has it'
          : `also take it away from the ${clients} clients that have it`}
      </label>
      {error !== undefined && <Failed error={error} />}
    </Dialog>
  );
}
