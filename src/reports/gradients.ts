// How gradients of networks fade, as charts and as a page: one line for each state of each layer.
import type { Flow } from '../insight/gradient-flow.ts';
import { chartsPlace } from './chart-html.ts';
import type { Chart, Series } from './charts.ts';
import { page, pageScript, styleSheet } from './page.ts';

export interface NetworkGradients {
  readonly name: string;
  readonly flows: readonly Flow[];
  /** By layer, at one step after another. */
  readonly singularValues: readonly (readonly number[])[];
}

/**
 * Lines of one network have its colour if there are several, and a dash each; else each has a
 * colour of its own.
 */
export function gradientCharts(networks: readonly NetworkGradients[]): Chart[] {
  const several = networks.length > 1;
  const series = (
    of: (network: NetworkGradients) => readonly { readonly label: string; readonly values: readonly number[] }[],
  ): Series[] =>
    networks
      .flatMap((network, run) =>
        of(network).map(({ label, values }, index) => ({
          name: several ? `${network.name}, ${label}` : label,
          run,
          colour: several ? run : index,
          dash: several ? index : 0,
          points: values.map((value, x) => [x, Number.isFinite(value) && value > 0 ? value : null] as const),
        })),
      )
      .filter(({ points }) => points.some(([, y]) => y !== null));
  const flows = series(({ flows: found }) =>
    found.map(({ layer, state, logNorms }) => ({ label: `layer ${layer} ${state}`, values: logNorms.map(Math.exp) })),
  );
  const stretches = series(({ singularValues }) =>
    singularValues.map((values, layer) => ({ label: `layer ${layer}`, values })),
  );
  const charts: Chart[] = [
    {
      name: 'flow',
      title: 'Gradient norm',
      unit: 'of the loss at a step, with respect to what was held before',
      isLogarithmic: true,
      hasZero: false,
      horizontal: 'steps back',
      series: flows,
    },
    {
      name: 'stretch',
      title: 'Largest singular value',
      unit: "of a step's Jacobian",
      isLogarithmic: false,
      hasZero: true,
      horizontal: 'steps',
      series: stretches,
    },
  ];
  return charts.filter((chart) => chart.series.length > 0);
}

export function gradientsPage(networks: readonly NetworkGradients[], text: string): string {
  const charts = gradientCharts(networks);
  return page({
    title: 'How far back the loss reaches',
    summary: `Read in ${text}: ${networks.map(({ name }) => name).join('; ')}`,
    style: styleSheet('charts'),
    body: chartsPlace(charts),
    script: pageScript('charts'),
    data: charts,
  });
}
