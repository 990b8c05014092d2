// Samples texts from a model during training. The caller decides when.
import { type Vocabulary, separatorIn } from '../corpus/vocabulary.ts';
import type { Device } from '../devices/device.ts';
import { openDevice } from '../devices/open.ts';
import type { ModelConfiguration } from '../model/configuration.ts';
import { Sampler } from '../sampling/sample.ts';
import { withActivity } from './activity.ts';
import type { TrainingRun } from './run.ts';

/** `machine.threads` is the maximum number of threads if the cpu samples for another device. */
type Surroundings = Pick<TrainingRun, 'device' | 'onActivity'> & Partial<Pick<TrainingRun, 'machine'>>;

export interface ProgressSampler {
  /** A text of the model with these weights, or null if the run must end soon. */
  text(parameters: Float32Array, length: number, seed: number, isUrgent: () => boolean): Promise<string | null>;
  close(): Promise<void>;
}

export function createProgressSampler(
  model: ModelConfiguration,
  vocabulary: Vocabulary,
  { device, machine, onActivity }: Surroundings,
): ProgressSampler {
  const separator = separatorIn(vocabulary.data);
  let sampler: Sampler | null = null;
  /** The device that samples, if it is not the device that trains. */
  let cpu: Device | null = null;
  /**
   * The cpu samples one character after another faster than a GPU, which would have to read all
   * weights for each character.
   */
  const samplingDevice = async (): Promise<Device> => {
    if (!device.name.startsWith('gpu')) return device;
    return (cpu ??= await openDevice('cpu', {
      work: { kind: 'sampling', multiplyAdds: 0 },
      ...(machine?.threads && { threads: machine.threads }),
    }));
  };
  return {
    async text(parameters, length, seed, isUrgent) {
      sampler ??= await withActivity(onActivity, 'compiling', async () =>
        Sampler.open(model, vocabulary, await samplingDevice()),
      );
      await sampler.load(parameters);
      let text = '';
      let done = 0;
      onActivity?.({ kind: 'sampling', done, total: length });
      for (let record = 0; done < length; record++) {
        const request = { prime: '', length: length - done, stop: null, seed: seed + record, options: {} };
        for await (const piece of sampler.text(request)) {
          if (isUrgent()) return null;
          text += piece;
          done += [...piece].length;
          onActivity?.({ kind: 'sampling', done, total: length });
        }
        // Records are sampled one after another, each from a zero state.
        if (separator === null) break;
        text += separator;
        done++;
      }
      return text;
    },
    async close() {
      await sampler?.close();
      await cpu?.close();
    },
  };
}
