import { Module } from '@nestjs/common';
import { BrokerClientsModule } from '../broker-clients/broker-clients.module.js';
import { RegistryModule } from '../registry/registry.module.js';
import { ClientInspectController } from './client-inspect.controller.js';
import { ClientInspectService } from './client-inspect.service.js';
import { FindController } from './find.controller.js';
import { FindService } from './find.service.js';

/** Shows which clients the brokers have, and what they know of each. */
@Module({
  imports: [RegistryModule, BrokerClientsModule],
  controllers: [ClientInspectController, FindController],
  providers: [ClientInspectService, FindService],
})
export class ClientInspectModule {}
