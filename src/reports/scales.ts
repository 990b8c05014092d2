// Scales of d3, imported here and nowhere else: the build puts what is used of d3 in the place of this file (build/rolldown.config.js).
export { scaleLinear, scaleLog } from 'd3-scale';
