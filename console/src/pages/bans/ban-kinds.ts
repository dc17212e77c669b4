import type { ClientQuery } from '../../api.js';

export type BanKind = 'clientid' | 'username' | 'address';

/** What a ban can be about, in words; `who` has the syntax of the filter of the same name. */
export const BAN_KINDS: Readonly<
  Record<BanKind, { readonly title: string; readonly hint: string; readonly example: string }>
> = {
  clientid: {
    title: 'client id',
    hint: '* any characters, ? one, \\ before a literal one',
    example: 'sensor-*',
  },
  username: {
    title: 'user name',
    hint: '* any characters, ? one, \\ before a literal one',
    example: 'vendor-x',
  },
  address: { title: 'address', hint: 'an address, or a network such as 10.0.0.0/8', example: '10.0.0.7' },
};

/** The clients that a ban is about, as a filter. */
export const filterOf = (as: BanKind, who: string): ClientQuery => ({ [as]: who });
