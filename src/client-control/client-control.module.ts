import { Module } from '@nestjs/common';
import { ClientControlController } from './client-control.controller.js';
import { ClientControlService } from './client-control.service.js';

/** Disconnects, subscribes and unsubscribes connected clients: the feature this service exists for. */
@Module({ controllers: [ClientControlController], providers: [ClientControlService] })
export class ClientControlModule {}
