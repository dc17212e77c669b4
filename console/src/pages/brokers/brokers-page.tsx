import { Empty } from '../../components/states.js';

export function BrokersPage() {
  return <Empty title="Brokers" />;
}
