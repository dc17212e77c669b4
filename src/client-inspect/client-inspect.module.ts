import { Module } from '@nestjs/common';
import { ClientInspectController } from './client-inspect.controller.js';
import { ClientInspectService } from './client-inspect.service.js';

/** Shows which clients a broker has, and what it knows of each. */
@Module({ controllers: [ClientInspectController], providers: [ClientInspectService] })
export class ClientInspectModule {}
