import { useEffect, useState } from 'preact/hooks';
import { Icon } from './icon.js';

/** Copies a text with one click, and says that it did. */
export function CopyButton({ text, what }: { text: string; what: string }) {
  const [isCopied, setCopied] = useState(false);
  useEffect(() => {
    if (!isCopied) return;
    const timer = setTimeout(() => setCopied(false), 1500);
    return () => clearTimeout(timer);
  }, [isCopied]);
  return (
    <button
      type="button"
      class="icon copy"
      data-copied={isCopied || undefined}
      aria-label={isCopied ? 'copied' : `Copy ${what}`}
      title={isCopied ? 'copied' : `Copy ${what}`}
      onClick={(event) => {
        event.stopPropagation();
        void navigator.clipboard.writeText(text).then(() => setCopied(true));
      }}
    >
      <Icon name={isCopied ? 'check' : 'copy'} />
    </button>
  );
}
