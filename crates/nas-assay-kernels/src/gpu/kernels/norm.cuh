// Batch normalisation. `stats` holds the means of all channels and then their variances, in double precision.
//
// A column of blocks (`blockIdx.y`) belongs to a channel. The formulas are those of the CPU's kernels.

// Mean and biased variance of every channel, in one pass: sums of deviations from the channel's first pixel, so that a mean far from zero
// costs no digits. Where there are running statistics, they move: `running += momentum (batch - running)`, with the unbiased variance.
// Channel `c` of the batch is channel `places[c]` of the layer, or `c` where `places` is null.
KERNEL(norm_statistics)(const REAL *x, double *parts, u32 *counters, double *stats, REAL *running_mean, REAL *running_variance,
                        const u32 *places, double momentum, u32 images, u32 channels, u32 plane) {
    Column column = part_of_column(images, channels, plane);
    double pivot = (double)x[blockIdx.y * plane], sum = 0.0, squares = 0.0;
    for (u32 i = threadIdx.x; i < column.count; i += BLOCK) {
        double off = (double)x[place_in(column, i)] - pivot;
        sum += off;
        squares = fused(off, off, squares);
    }
    sum = block_sum(sum);
    squares = block_sum(squares);
    u32 own = 2 * (blockIdx.y * gridDim.x + blockIdx.x);
    if (threadIdx.x == 0) {
        parts[own] = sum;
        parts[own + 1] = squares;
    }
    if (!is_last_of_column(counters) || threadIdx.x != 0) return;
    sum = squares = 0.0;
    for (u32 part = 0; part < gridDim.x; part++) {
        sum += __ldcg(&parts[2 * (blockIdx.y * gridDim.x + part)]);
        squares += __ldcg(&parts[2 * (blockIdx.y * gridDim.x + part) + 1]);
    }
    double count = (double)images * plane, mean = sum / count, variance = squares / count - mean * mean;
    mean += pivot;
    variance = variance > 0.0 ? variance : 0.0;
    stats[blockIdx.y] = mean;
    stats[channels + blockIdx.y] = variance;
    if (!running_mean) return;
    u32 at = places ? places[blockIdx.y] : blockIdx.y;
    running_mean[at] = (REAL)((double)running_mean[at] * (1.0 - momentum) + mean * momentum);
    double unbiased = variance * (count / (count - 1.0));
    running_variance[at] = (REAL)((double)running_variance[at] * (1.0 - momentum) + unbiased * momentum);
}

// Given statistics as `stats`.
KERNEL(norm_given)(const REAL *mean, const REAL *variance, double *stats, u32 channels) {
    for (EACH(i, channels)) {
        stats[i] = (double)mean[i];
        stats[channels + i] = (double)variance[i];
    }
}

// `(x - mean) / sqrt(variance + eps) * scale + shift`, or the ReLU of that; `scale` and `shift` may be null.
KERNEL(norm_apply)(const REAL *x, const double *stats, const REAL *scale, const REAL *shift, REAL *y, u32 images, u32 channels,
                   u32 plane, double eps, u32 rectified) {
    __shared__ REAL numbers[3];
    u32 channel = blockIdx.y;
    if (threadIdx.x == 0) {
        double mean = stats[channel], factor = (scale ? (double)scale[channel] : 1.0) / sqrt(stats[channels + channel] + eps);
        REAL center = (REAL)mean;
        numbers[0] = center;
        numbers[1] = (REAL)factor;
        numbers[2] = (REAL)(((double)center - mean) * factor + (shift ? (double)shift[channel] : 0.0));
    }
    __syncthreads();
    Column column = part_of_column(images, channels, plane);
    REAL center = numbers[0], factor = numbers[1], offset = numbers[2];
    for (u32 i = threadIdx.x; i < column.count; i += BLOCK) {
        u32 at = place_in(column, i);
        REAL value = fused(x[at] - center, factor, offset);
        y[at] = rectified && value <= REAL(0) ? REAL(0) : value;
    }
}

// What the gradients need of each channel: the sum of `gy`, and that of `gy` times the normalised pixel. Both in `sums` (all of the first,
// then all of the second), and as gradients by shift and scale, where these are not null. Where there is a `mask`, `gy` counts as zero where
// the mask is not positive: it passes a ReLU.
KERNEL(norm_sums)(const REAL *x, const REAL *gy, const REAL *mask, const double *stats, double *parts, u32 *counters, double *sums, REAL *of_scale,
                  REAL *of_shift, u32 images, u32 channels, u32 plane, double eps) {
    u32 channel = blockIdx.y;
    double mean = stats[channel], sum = 0.0, product = 0.0;
    Column column = part_of_column(images, channels, plane);
    for (u32 i = threadIdx.x; i < column.count; i += BLOCK) {
        u32 at = place_in(column, i);
        double g = mask && mask[at] <= REAL(0) ? 0.0 : (double)gy[at];
        sum += g;
        product = fused(g, (double)x[at] - mean, product);
    }
    sum = block_sum(sum);
    product = block_sum(product);
    u32 own = 2 * (channel * gridDim.x + blockIdx.x);
    if (threadIdx.x == 0) {
        parts[own] = sum;
        parts[own + 1] = product;
    }
    if (!is_last_of_column(counters) || threadIdx.x != 0) return;
    sum = product = 0.0;
    for (u32 part = 0; part < gridDim.x; part++) {
        sum += __ldcg(&parts[2 * (channel * gridDim.x + part)]);
        product += __ldcg(&parts[2 * (channel * gridDim.x + part) + 1]);
    }
    double correlation = product / sqrt(stats[channels + channel] + eps);
    sums[channel] = sum;
    sums[channels + channel] = correlation;
    if (of_scale) of_scale[channel] = (REAL)correlation;
    if (of_shift) of_shift[channel] = (REAL)sum;
}

// `gx = factor (gy - mean(gy) - z mean(gy z))`, `z` the normalised image; with given statistics `gx = factor gy`, and `sums` is null.
KERNEL(norm_gradient)(const REAL *x, const REAL *gy, const REAL *mask, const double *stats, const double *sums, const REAL *scale, REAL *gx, u32 images,
                      u32 channels, u32 plane, double eps) {
    __shared__ REAL numbers[4];
    u32 channel = blockIdx.y;
    if (threadIdx.x == 0) {
        double mean = stats[channel], over = 1.0 / sqrt(stats[channels + channel] + eps), count = (double)images * plane;
        double factor = (scale ? (double)scale[channel] : 1.0) * over, slope = 0.0, shift = 0.0;
        REAL center = (REAL)mean;
        if (sums) {
            slope = -factor * over * sums[channels + channel] / count;
            shift = slope * ((double)center - mean) - factor * sums[channel] / count;
        }
        numbers[0] = center;
        numbers[1] = (REAL)factor;
        numbers[2] = (REAL)slope;
        numbers[3] = (REAL)shift;
    }
    __syncthreads();
    Column column = part_of_column(images, channels, plane);
    REAL center = numbers[0], factor = numbers[1], slope = numbers[2], shift = numbers[3];
    for (u32 i = threadIdx.x; i < column.count; i += BLOCK) {
        u32 at = place_in(column, i);
        REAL g = mask && mask[at] <= REAL(0) ? REAL(0) : gy[at];
        gx[at] = sums ? fused(g, factor, fused(x[at] - center, slope, shift)) : g * factor;
    }
}

// The five sums of the second derivative, over each channel: `g`, `g (x - mean)`, `v`, `v (x - mean)`, `g v`. Channel by channel in
// `sums`; from them, where it is not null, the gradient of `Σ v gx` by the scale.
KERNEL(norm_second_sums)(const REAL *x, const REAL *gy, const REAL *v, const double *stats, double *parts, u32 *counters, double *sums,
                         REAL *of_scale, u32 images, u32 channels, u32 plane, double eps, u32 given) {
    u32 channel = blockIdx.y;
    double mean = stats[channel], sum[5] = {0.0, 0.0, 0.0, 0.0, 0.0};
    Column column = part_of_column(images, channels, plane);
    for (u32 i = threadIdx.x; i < column.count; i += BLOCK) {
        u32 at = place_in(column, i);
        double off = (double)x[at] - mean, g = (double)gy[at], w = (double)v[at];
        sum[0] += g;
        sum[1] = fused(g, off, sum[1]);
        sum[2] += w;
        sum[3] = fused(w, off, sum[3]);
        sum[4] = fused(g, w, sum[4]);
    }
    for (int which = 0; which < 5; which++) {
        double total = block_sum(sum[which]);
        if (threadIdx.x == 0) parts[5 * (channel * gridDim.x + blockIdx.x) + which] = total;
    }
    if (!is_last_of_column(counters) || threadIdx.x != 0) return;
    for (int which = 0; which < 5; which++) {
        double total = 0.0;
        for (u32 part = 0; part < gridDim.x; part++) total += __ldcg(&parts[5 * (channel * gridDim.x + part) + which]);
        sum[which] = sums[5 * channel + which] = total;
    }
    if (!of_scale) return;
    double deviation = sqrt(stats[channels + channel] + eps), count = (double)images * plane;
    double gz = sum[1] / deviation / count, vz = sum[3] / deviation / count;
    double value = sum[4] / count - sum[2] / count * (sum[0] / count) - vz * gz;
    of_scale[channel] = (REAL)(given ? sum[4] / deviation : value * count / deviation);
}

// The gradient of `Σ v gx` by the image; see the second derivative of the CPU's batch-norm.
KERNEL(norm_second)(const REAL *x, const REAL *gy, const REAL *v, const double *stats, const double *sums, const REAL *scale, REAL *of_x,
                    u32 images, u32 channels, u32 plane, double eps) {
    __shared__ REAL numbers[5];
    u32 channel = blockIdx.y;
    if (threadIdx.x == 0) {
        double mean = stats[channel], deviation = sqrt(stats[channels + channel] + eps), count = (double)images * plane;
        const double *sum = sums + 5 * channel;
        REAL center = (REAL)mean;
        double off = (double)center - mean, g_mean = sum[0] / count, v_mean = sum[2] / count;
        double gz = sum[1] / deviation / count, vz = sum[3] / deviation / count;
        double value = sum[4] / count - v_mean * g_mean - vz * gz;
        double slope = (scale ? (double)scale[channel] : 1.0) / (deviation * deviation);
        double of_z = slope * (2.0 * gz * vz - value);
        numbers[0] = center;
        numbers[1] = (REAL)(-slope * vz);
        numbers[2] = (REAL)(-slope * gz);
        numbers[3] = (REAL)(of_z / deviation);
        numbers[4] = (REAL)(of_z * off / deviation + slope * (gz * v_mean + vz * g_mean));
    }
    __syncthreads();
    Column column = part_of_column(images, channels, plane);
    for (u32 i = threadIdx.x; i < column.count; i += BLOCK) {
        u32 at = place_in(column, i);
        of_x[at] = fused(gy[at], numbers[1], fused(v[at], numbers[2], fused(x[at] - numbers[0], numbers[3], numbers[4])));
    }
}
