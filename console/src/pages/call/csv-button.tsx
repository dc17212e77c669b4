import type { ItemOutcome } from '@mqtt-client-control/client';
import { toCsv } from '../../acting/outcome-words.js';

/** The outcome of each as a file for a spreadsheet. */
export function CsvButton({ items }: { items: readonly ItemOutcome[] }) {
  const save = () => {
    const url = URL.createObjectURL(new Blob([toCsv(items)], { type: 'text/csv' }));
    const link = document.createElement('a');
    link.href = url;
    link.download = `outcomes-${new Date().toISOString().slice(0, 19).replaceAll(':', '')}.csv`;
    link.click();
    URL.revokeObjectURL(url);
  };
  return (
    <button type="button" onClick={save}>
      Save as CSV
    </button>
  );
}
