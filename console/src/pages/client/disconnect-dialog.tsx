import type { DisconnectAnswer } from '@mqtt-client-control/client';
import { useState } from 'preact/hooks';
import type { ClientRef } from '../../address.js';
import { api } from '../../api.js';
import { brokers } from '../../brokers.js';
import { Dialog } from '../../components/dialog.js';
import { Failed } from '../../components/states.js';
import { Status } from '../../components/status.js';
import { useTask } from '../../components/use-task.js';
import { duration } from '../../times.js';

const WATCH_MS = 5000;

/** Disconnects one client, and watches for some seconds whether it comes back. */
export function DisconnectDialog({
  client: { project, broker, clientid },
  lastConnect,
  onClose,
  onBan,
}: {
  client: ClientRef;
  /** The connection that was looked at: a newer one is not ended, where the broker can tell them apart. */
  lastConnect: number | undefined;
  onClose: () => void;
  onBan: (() => void) | undefined;
}) {
  const features = brokers.value?.find(({ id }) => id === broker)?.extension?.features;
  const [preventWillMessage, setPreventWill] = useState(false);
  const [cleanSession, setCleanSession] = useState(false);
  const { isBusy, error, run } = useTask();
  const [result, setResult] = useState<DisconnectAnswer | undefined>(undefined);
  const canTell = features?.ifConnectedSince === true && lastConnect !== undefined && !cleanSession;
  const disconnect = async (): Promise<void> => {
    const { data } = await api.disconnectClient({
      path: { projectId: project, brokerId: broker },
      body: {
        clientid,
        ...(preventWillMessage && { preventWillMessage }),
        ...(cleanSession && { cleanSession }),
        ...(canTell && { ifConnectedSince: lastConnect }),
        ...(features?.inspect === true && { watchMs: WATCH_MS }),
      },
    });
    setResult(data);
  };
  if (result !== undefined)
    return <Outcome clientid={clientid} result={result} onClose={onClose} onBan={onBan} />;
  return (
    <Dialog
      title={`Disconnect ${clientid}`}
      onClose={onClose}
      foot={
        <>
          {isBusy && (
            <span class="muted small" role="status">
              Disconnecting, and watching for {duration(WATCH_MS)} whether it comes back…
            </span>
          )}
          <button type="button" onClick={onClose}>
            {isBusy ? 'Close' : 'Cancel'}
          </button>
          <button type="button" class="danger" disabled={isBusy} onClick={() => void run(disconnect)}>
            Disconnect
          </button>
        </>
      }
    >
      <Option
        isOn={preventWillMessage}
        can={features?.preventWill === true}
        onChange={setPreventWill}
        words="without publishing its will"
      />
      <Option
        isOn={cleanSession}
        can={features?.purge === true}
        onChange={setCleanSession}
        words="and remove its session: what it is subscribed to, and what waits for it"
      />
      {error !== undefined && <Failed error={error} />}
    </Dialog>
  );
}

function Option({
  isOn,
  can,
  words,
  onChange,
}: {
  isOn: boolean;
  can: boolean;
  words: string;
  onChange: (isOn: boolean) => void;
}) {
  return (
    <label class={can ? 'choice' : 'choice muted'} title={can ? undefined : 'This broker cannot do that.'}>
      <input
        type="checkbox"
        checked={isOn}
        disabled={!can}
        onChange={({ currentTarget }) => onChange(currentTarget.checked)}
      />
      {words}
    </label>
  );
}

function Outcome({
  clientid,
  result: { reconnected },
  onClose,
  onBan,
}: {
  clientid: string;
  result: DisconnectAnswer;
  onClose: () => void;
  onBan: (() => void) | undefined;
}) {
  const isBack = reconnected !== undefined && reconnected !== null;
  return (
    <Dialog
      title={clientid}
      onClose={onClose}
      foot={
        <>
          {isBack && onBan !== undefined && (
            <button type="button" class="danger" onClick={onBan}>
              Ban it…
            </button>
          )}
          <button type="button" onClick={onClose}>
            Close
          </button>
        </>
      }
    >
      <p role="status">
        {isBack ? (
          <Status kind="busy">Disconnected. It came back after {duration(reconnected.afterMs)}.</Status>
        ) : (
          <Status kind="ok">
            {reconnected === null
              ? `Gone: it did not come back within ${duration(WATCH_MS)}.`
              : 'Disconnected.'}
          </Status>
        )}
      </p>
    </Dialog>
  );
}
