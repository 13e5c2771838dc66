// Sums in double precision, in a fixed order. Where several blocks make one sum, each leaves its part in `parts`, and the last of them to
// finish adds the parts in their order.

// One sum, or mean, for each of `gridDim.y` outputs: over the planes whose number is that of the output modulo the outputs.
KERNEL(sum)(const REAL *x, double *parts, u32 *counters, REAL *y, u32 images, u32 outputs, u32 plane, double divisor) {
    Column column = part_of_column(images, outputs, plane);
    double sum = 0.0;
    for (u32 i = threadIdx.x; i < column.count; i += BLOCK) sum += (double)x[place_in(column, i)];
    sum = block_sum(sum);
    if (gridDim.x == 1) {
        if (threadIdx.x == 0) y[blockIdx.y] = (REAL)(sum / divisor);
        return;
    }
    if (threadIdx.x == 0) parts[blockIdx.y * gridDim.x + blockIdx.x] = sum;
    if (!is_last_of_column(counters) || threadIdx.x != 0) return;
    double total = 0.0;
    for (u32 part = 0; part < gridDim.x; part++) total += __ldcg(&parts[blockIdx.y * gridDim.x + part]);
    y[blockIdx.y] = (REAL)(total / divisor);
}

// One sum for every short row: a thread a row.
KERNEL(sum_rows)(const REAL *x, REAL *y, u32 rows, u32 length, double divisor) {
    for (EACH(i, rows)) {
        double sum = 0.0;
        for (u32 at = 0; at < length; at++) sum += (double)x[i * length + at];
        y[i] = (REAL)(sum / divisor);
    }
}

KERNEL(broadcast)(const REAL *gy, REAL *gx, u32 n, u32 outputs, u32 plane, double divisor) {
    for (EACH(i, n)) gx[i] = (REAL)((double)gy[i / plane % outputs] / divisor);
}

// The sum of `x y` over each row of `plane` elements.
KERNEL(row_products)(const REAL *x, const REAL *y, REAL *sums, u32 plane) {
    double sum = 0.0;
    for (u32 i = threadIdx.x; i < plane; i += blockDim.x) {
        u32 at = blockIdx.x * plane + i;
        sum += (double)x[at] * (double)y[at];
    }
    sum = block_sum(sum);
    if (threadIdx.x == 0) sums[blockIdx.x] = (REAL)sum;
}

// The sum of `x y`, or of its absolute values, in double precision.
KERNEL(dot)(const REAL *x, const REAL *y, double *parts, u32 *counters, double *result, u32 n, u32 absolute) {
    double sum = 0.0;
    for (EACH(i, n)) {
        double term = (double)x[i] * (double)y[i];
        sum += absolute ? fabs(term) : term;
    }
    sum = block_sum(sum);
    if (threadIdx.x == 0) parts[blockIdx.x] = sum;
    if (!is_last_of_column(counters) || threadIdx.x != 0) return;
    double total = 0.0;
    for (u32 part = 0; part < gridDim.x; part++) total += __ldcg(&parts[part]);
    *result = total;
}
