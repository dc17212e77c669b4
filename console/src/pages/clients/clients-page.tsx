import { Empty } from '../../components/states.js';

export function ClientsPage() {
  return <Empty title="Clients" />;
}
