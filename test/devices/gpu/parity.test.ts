// In a file of its own, beside the other devices: a software GPU takes longer than all of them together.
import { compareWithReference } from '../parity.ts';
import { openHere } from './helpers.ts';

compareWithReference('gpu:software', await openHere('gpu:software'), { lasting: false });
