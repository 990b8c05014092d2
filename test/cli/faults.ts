// Faults of a command line, a text, a checkpoint, a folder or a disk.
import { type Fault, endingWith, resume, sample, train } from './fault.ts';
import { textFaults } from './faults-text.ts';
import { usageFaults } from './faults-usage.ts';

export type { Fault };

const checkpointFaults = endingWith(4, [
  ['no such checkpoint', sample('', '@nowhere'), /^checkpoint not found: .*nowhere$/, /rnn train/],
  ['no such checkpoint, as JSON', sample('--json', '@nowhere'), /^checkpoint not found: .*nowhere$/, /rnn train/],
  ['a file on the way', sample('', '@text.txt/best.json'), /^checkpoint not found: .*best\.json$/, /rnn train/],
  ['a cycle of links', 'info @loop', /^cannot read .*loop: ELOOP/, /rnn train/],
  [
    'a folder without a run',
    'info @empty',
    /^checkpoint not found in .*empty: expected best\.json, latest\.json, previous\.json or step-\*\.json$/,
    /--out .*empty/,
  ],
  ['a folder of runs', sample('', '@runs'), /^checkpoint not found in .*runs: /, /name a run in it, such as .*first/],
  ['a device', 'info /dev/null', /^cannot read \/dev\/null: it is not a file$/, /rnn train/, { onlyOnLinux: true }],
  ['an empty file', 'info @empty.json', /empty\.json is empty: expected a checkpoint$/, /another checkpoint/],
  ['no JSON', sample('', '@hello.json'), /hello\.json is not a checkpoint of rnn: it starts with "hello"/, /rnn train/],
  ['a text', sample('', '@text.txt'), /text\.txt is not a checkpoint of rnn: it starts with "the quic"/, /rnn train/],
  ['a list', sample('', '@list.json'), /list\.json is not a checkpoint of rnn/, /rnn train/],
  [
    'the JSON of another program',
    sample('', '@strange.json'),
    /strange\.json is not a checkpoint of rnn: its first member is "name"$/,
    /"format": "rnn-checkpoint"/,
  ],
  [
    'the format of another program',
    sample('', '@gguf.json'),
    /gguf\.json is not a checkpoint of rnn: its format is "gguf"$/,
    /"format": "rnn-checkpoint"/,
  ],
  [
    'a newer version',
    sample('', '@newer.json'),
    /newer\.json has version 3 of the checkpoint format: expected at most 2, the newest that this rnn reads$/,
    /update/,
  ],
  [
    'a file that was cut off',
    sample('', '@truncated.json'),
    /truncated\.json is damaged: it is cut off after 3000 bytes$/,
    /another checkpoint/,
  ],
  [
    'a changed byte',
    sample('', '@flipped.json'),
    /flipped\.json is damaged: its checksum does not match/,
    /a copy of this one/,
  ],
  [
    'a changed checksum',
    sample('--json', '@sum.json'),
    /sum\.json is damaged: its checksum does not match/,
    /a copy of this one/,
  ],
  [
    'a checkpoint with an unknown cell',
    sample('', '@cell.json'),
    /cannot run the model of .*cell\.json with this rnn: its cell is "sru"/,
    /the rnn that wrote it/,
  ],
  [
    'a weight that is not a number',
    sample('', '@nan.json'),
    /nan\.json is damaged: tensor ".*" holds NaN at index 0/,
    /another checkpoint/,
  ],
  [
    'a missing tensor',
    sample('', '@shape.json'),
    /^tensor head\.b is missing from the checkpoint$/,
    /another checkpoint/,
  ],
  [
    'a vocabulary of an unknown level',
    'info @unit.json',
    /unit\.json is damaged: vocabulary\.unit is "word": expected one of char, byte$/,
    /another checkpoint/,
  ],
  [
    'a damaged run',
    sample('', '@hopeless'),
    /latest\.json is damaged: it is cut off after 2000 bytes$/,
    /--checkpoint .*previous\.json/,
  ],
  [
    'a run without a readable checkpoint',
    resume('@hopeless'),
    /^cannot continue the run in .*hopeless: .*latest\.json is damaged: .*, and no other checkpoint in it can be read$/,
    /use --force to start again/,
  ],
  [
    'a run without the state of its loop',
    resume('@no-loop'),
    /^cannot continue a run from .*no-loop.latest\.json: training\.loop is missing$/,
    /--init-from/,
  ],
  [
    'a run with an impossible option',
    resume('@odd-option'),
    /training\.options\.dropout is 2: expected a number of at least 0 and below 1$/,
    /--init-from/,
  ],
  [
    'a run with half an optimizer',
    resume('@odd-slots', '--max-steps 8'),
    /from .*odd-slots.latest\.json: its optimizer is not adam for \d+ parameters$/,
    /--init-from/,
  ],
  ['a missing initial model', train('--init-from @nowhere'), /^checkpoint not found: .*nowhere$/, /rnn train/],
  ['a damaged initial model', train('--init-from @flipped.json'), /flipped\.json is damaged/, /a copy of this one/],
]);

const folderFaults = endingWith(2, [
  [
    'an existing run',
    `train @text.txt --out @run $SMALL`,
    /run: the folder already holds a run$/,
    /--resume.*--force.*--out/,
  ],
  [
    'a file in the place of the folder',
    'train @text.txt --out @text.txt $SMALL --device reference',
    /cannot use .*text\.txt as a run folder: a part of the path is a file/,
    /--out/,
  ],
  [
    'a file on the way to the folder',
    'train @text.txt --out @text.txt/run $SMALL --device reference',
    /cannot use .*text\.txt\/run as a run folder: a part of the path is a file/,
    /--out/,
  ],
  [
    'a cycle of links',
    'train @text.txt --out @loop $SMALL --device reference',
    /cannot use .*loop as a run folder: its symbolic links/,
    /--out/,
  ],
  [
    'a name too long',
    `train @text.txt --out @${'x'.repeat(300)} $SMALL`,
    /cannot use .* as a run folder: a name in it is longer/,
    /--out/,
  ],
  [
    'a folder in the place of the lock',
    'train @text.txt --out @odd-lock $SMALL',
    /cannot use .*lock\.json as the lock of a run: it is not a plain file/,
    /move it away/,
  ],
  [
    'other sizes for a run',
    resume('@run', '--hidden 16'),
    /^cannot change --hidden in a run: it is 8, and you gave 16$/,
    /--init-from/,
  ],
  [
    'other layers for a run',
    resume('@run', '--layers 2'),
    /^cannot change --layers in a run: it is 1, and you gave 2$/,
    /^omit --layers to resume/,
  ],
  [
    'another cell for a run',
    resume('@run', '--cell gru'),
    /^cannot change --cell in a run: it is mlstm, and you gave gru$/,
    /^omit --cell to resume/,
  ],
  [
    'another level for a run',
    resume('@run', '--level byte'),
    /^cannot change --level in a run: it is char, and you gave byte$/,
    /^omit --level to resume/,
  ],
  [
    'rare characters for a run',
    resume('@run', '--min-count 3'),
    /^cannot change --min-count in a run: it is 1, and you gave 3$/,
    /^omit --min-count to resume/,
  ],
  [
    'other sizes than the initial model',
    train('--init-from @run --hidden 16'),
    /^cannot use --hidden 16 with --init-from: its model has --hidden 8$/,
    /omit it/,
  ],
  [
    'another cell than the initial model',
    train('--init-from @run --cell rnn'),
    /^cannot use --cell rnn with --init-from/,
    /omit it/,
  ],
  [
    'another level than the initial model',
    train('--init-from @run --level byte'),
    /^cannot use --level byte with --init-from: .* is a character-level model$/,
    /omit one of them/,
  ],
]);

const machineFaults = endingWith(1, [
  [
    'a folder that the system makes for no user',
    'train @text.txt --out /proc/run $SMALL --device reference',
    /^cannot make the run folder \/proc\/run: the folder does not exist$/,
    /--out/,
    { onlyOnLinux: true },
  ],
  [
    'a folder that the user is not permitted to make',
    'train @text.txt --out /sys/run $SMALL --device reference',
    /^cannot make the run folder \/sys\/run: (you have no permission|the disk is read-only)/,
    /--out/,
    { onlyOnLinux: true },
  ],
]);

const deviceFaults = endingWith(6, [
  [
    'kernels that this machine lacks',
    train('--device cpu --kernels accelerate'),
    /^cannot use the kernels accelerate: only macOS has Accelerate/,
    /--kernels auto/,
  ],
  [
    'a run with an unknown device',
    resume('@odd-device', '--max-steps 8'),
    /^device is 'abacus': expected one of auto, cpu/,
    /rnn doctor/,
  ],
]);

const busy = endingWith(7, [
  [
    'a run of this process',
    'train @text.txt --out @run --force $SMALL',
    /^cannot train in .*run: another process \(PID \d+ on .*\) is training there$/,
    /wait for that process, stop it/,
    { held: 'run' },
  ],
  [
    'a run of another process',
    resume('@taken'),
    /^cannot train in .*taken: another process \(PID \d+ on .*\) is training there$/,
    /wait for that process, stop it/,
  ],
  [
    'a run of another process, by force',
    'train @text.txt --out @taken --force $SMALL',
    /^cannot train in .*taken: another process .* is training there$/,
    /wait for that process, stop it/,
  ],
  [
    'a run of another machine',
    'train @text.txt --out @far $SMALL',
    /: another process \(PID 1 on another-machine, since 2026-01-01/,
    /--out/,
  ],
]);

export const faults: readonly Fault[] = [
  ...usageFaults,
  ...textFaults,
  ...checkpointFaults,
  ...folderFaults,
  ...busy,
  ...machineFaults,
  ...deviceFaults,
];
