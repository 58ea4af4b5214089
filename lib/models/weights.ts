/** The column of the training set that says how much a row counts, where a definition asks for balanced classes. */
export const WEIGHT_COLUMN = 'sample_weight';
