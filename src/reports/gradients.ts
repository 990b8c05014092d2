// Charts and a page of how gradients vanish or explode: one line for each state of each layer.
import type { Flow } from '../insight/gradient-flow.ts';
import { chartPlaceholders } from './chart-html.ts';
import type { Chart, Series } from './charts.ts';
import { page, pageScript, styleSheet } from './page.ts';

/** The gradients of one network. */
export interface NetworkGradients {
  readonly name: string;
  readonly flows: readonly Flow[];
  /** For each layer, the values at successive time steps. */
  readonly singularValues: readonly (readonly number[])[];
}

/**
 * The lines of several networks have the colour of their network and different dashes. The lines of
 * a single network have different colours.
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
  const singularValueSeries = series(({ singularValues }) =>
    singularValues.map((values, layer) => ({ label: `layer ${layer}`, values })),
  );
  const charts: Chart[] = [
    {
      name: 'flow',
      title: 'Gradient norm',
      unit: 'of the loss at a time step, with respect to earlier states',
      isLogarithmic: true,
      hasZero: false,
      horizontal: 'steps back',
      series: flows,
    },
    {
      name: 'stretch',
      title: 'Largest singular value',
      unit: 'of the Jacobian of a time step',
      isLogarithmic: false,
      hasZero: true,
      horizontal: 'steps',
      series: singularValueSeries,
    },
  ];
  return charts.filter((chart) => chart.series.length > 0);
}

export function gradientsPage(networks: readonly NetworkGradients[], text: string): string {
  const charts = gradientCharts(networks);
  return page({
    title: 'How far back the loss reaches',
    summary: `Measured on ${text}: ${networks.map(({ name }) => name).join(', ')}`,
    style: styleSheet('charts'),
    body: chartPlaceholders(charts),
    script: pageScript('charts'),
    data: charts,
  });
}
