import { describeService } from '@millrace/contracts';
import { ChannelService } from '@millrace/contracts/channel';

/** Where a channel is opened. */
export const CHANNEL_PATH = describeService(ChannelService).methods['open']?.path ?? '';
