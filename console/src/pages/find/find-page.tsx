import { Empty } from '../../components/states.js';

export function FindPage() {
  return <Empty title="Find" />;
}
