import { Dialog } from '../components/dialog.js';
import { ROOT } from '../settings.js';

const KEYS = [
  ['/', 'find a client over all brokers'],
  ['j', 'next row'],
  ['k', 'row before'],
  ['x', 'choose the row'],
  ['Enter', 'open the row'],
  ['Esc', 'close what is open'],
  ['?', 'this page'],
] as const;

export function Help({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title="Keys" onClose={onClose}>
      <dl class="keys">
        {KEYS.map(([key, meaning]) => (
          <>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{meaning}</dd>
          </>
        ))}
      </dl>
      <p class="muted">
        <a href={`${ROOT}api/docs`} target="_blank" rel="noreferrer">
          The API that this page calls
        </a>
      </p>
    </Dialog>
  );
}
