// Convolution and its two gradients. Images are `[n, groups * channels, h, w]`.

#ifndef CONVOLUTION_SHAPES
#define CONVOLUTION_SHAPES

// A convolution, or the gradient by the image, which is a convolution too: of the gradient with `spread - 1` zeros between its pixels, by
// the weights in reverse order.
struct Convolve {
    u32 n, groups, inputs, outputs; // channels of a group
    u32 h, w, rows, columns, kh, kw;
    u32 stride, dilation, spread;
    int padding_y, padding_x;
    u32 group_step, output_step, input_step; // of the weights
    u32 reversed;
    u32 rectified; // whether the ReLU of the image is convolved
    // Tiles: images, rows and columns of outputs; inputs at a time; threads that share pixels but not outputs.
    u32 images, tile_rows, tile_columns, at_once, sides;
    u32 patch_rows, patch_columns;
};

// The gradient by the weights.
struct Correlate {
    u32 n, groups, inputs, outputs;
    u32 h, w, rows, columns, kh, kw;
    u32 stride, dilation, padding;
    u32 rectified; // whether the ReLU of the image was convolved
    u32 tile_outputs, tile_inputs, tile_rows, tile_columns;
    u32 patch_rows, patch_columns, patch; // `patch` is odd, so that neighbouring channels lie in different banks
};
#endif

// A block computes a tile of pixels of some outputs of a group. Every output is a sum over inputs, then over the rows and columns of the
// kernel. Where there is a `mask`, outputs at which it is not positive are zero: the gradient passes a ReLU of it.
template <int OUTPUTS, int PIXELS>
__device__ __forceinline__ void NAME(convolve)(const REAL *x, const REAL *weights, const REAL *mask, REAL *y, const Convolve &s) {
    REAL *patch = (REAL *)dynamic_shared;
    const u32 taps = s.kh * s.kw, area = s.tile_rows * s.tile_columns, patch_area = s.patch_rows * s.patch_columns;
    const u32 size = s.images * patch_area, lanes = BLOCK / s.sides, outputs = s.sides * OUTPUTS;
    REAL *kernel = patch + s.at_once * size;
    const u32 across = (s.columns + s.tile_columns - 1) / s.tile_columns, down = (s.rows + s.tile_rows - 1) / s.tile_rows;
    const u32 column0 = blockIdx.x % across * s.tile_columns, row0 = blockIdx.x / across % down * s.tile_rows;
    const u32 image0 = blockIdx.x / (across * down) * s.images;
    const u32 tiles = (s.outputs + outputs - 1) / outputs, group = blockIdx.y / tiles, output0 = blockIdx.y % tiles * outputs;
    const u32 lane = threadIdx.x % lanes, side = threadIdx.x / lanes;
    const int top = (int)(row0 * s.stride) - s.padding_y, left = (int)(column0 * s.stride) - s.padding_x;

    u32 at[PIXELS];
    REAL sums[PIXELS][OUTPUTS];
    for (int p = 0; p < PIXELS; p++) {
        u32 pixel = lane + p * lanes, inside = pixel % area;
        // Beyond the tile, any pixel will do: its sums are not written.
        u32 image = min(pixel / area, s.images - 1);
        at[p] = image * patch_area + inside / s.tile_columns * s.stride * s.patch_columns + inside % s.tile_columns * s.stride;
        for (int o = 0; o < OUTPUTS; o++) sums[p][o] = REAL(0);
    }
    for (u32 input0 = 0; input0 < s.inputs; input0 += s.at_once) {
        const u32 count = min(s.at_once, s.inputs - input0);
        __syncthreads();
        for (u32 i = threadIdx.x; i < count * size; i += BLOCK) {
            u32 input = i / size, image = image0 + i / patch_area % s.images, inside = i % patch_area;
            int row = top + (int)(inside / s.patch_columns), column = left + (int)(inside % s.patch_columns);
            REAL value = REAL(0);
            if (image < s.n && row >= 0 && column >= 0 && row % s.spread == 0 && column % s.spread == 0) {
                u32 source_row = row / s.spread, source_column = column / s.spread;
                if (source_row < s.h && source_column < s.w)
                    value = x[((image * s.groups + group) * s.inputs + input0 + input) * s.h * s.w + source_row * s.w + source_column];
                if (s.rectified && value <= REAL(0)) value = REAL(0);
            }
            patch[i] = value;
        }
        for (u32 i = threadIdx.x; i < outputs * count * taps; i += BLOCK) {
            u32 output = i / (count * taps), inside = i % (count * taps), input = inside / taps, tap = inside % taps;
            REAL value = REAL(0);
            if (output0 + output < s.outputs)
                value = weights[group * s.group_step + (output0 + output) * s.output_step + (input0 + input) * s.input_step +
                                (s.reversed ? taps - 1 - tap : tap)];
            kernel[inside * outputs + output] = value;
        }
        __syncthreads();
        for (u32 input = 0; input < count; input++) {
            const REAL *source = patch + input * size, *factors = kernel + input * taps * outputs + side * OUTPUTS;
            for (u32 row = 0; row < s.kh; row++)
                for (u32 column = 0; column < s.kw; column++) {
                    const REAL *from = source + row * s.dilation * s.patch_columns + column * s.dilation;
                    REAL factor[OUTPUTS];
                    for (int o = 0; o < OUTPUTS; o++) factor[o] = factors[(row * s.kw + column) * outputs + o];
                    for (int p = 0; p < PIXELS; p++) {
                        REAL pixel = from[at[p]];
                        for (int o = 0; o < OUTPUTS; o++) sums[p][o] = fused(pixel, factor[o], sums[p][o]);
                    }
                }
        }
    }
    for (int p = 0; p < PIXELS; p++) {
        u32 pixel = lane + p * lanes, image = pixel / area, row = row0 + pixel % area / s.tile_columns;
        u32 column = column0 + pixel % s.tile_columns;
        if (image >= s.images || image0 + image >= s.n || row >= s.rows || column >= s.columns) continue;
        for (int o = 0; o < OUTPUTS; o++) {
            u32 output = output0 + side * OUTPUTS + o;
            if (output >= s.outputs) continue;
            u32 place = (((image0 + image) * s.groups + group) * s.outputs + output) * s.rows * s.columns + row * s.columns + column;
            y[place] = mask && mask[place] <= REAL(0) ? REAL(0) : sums[p][o];
        }
    }
}

KERNEL(convolve_1)(const REAL *x, const REAL *weights, const REAL *mask, REAL *y, Convolve s) {
    NAME(convolve)<1, 4>(x, weights, mask, y, s);
}
KERNEL(convolve_4)(const REAL *x, const REAL *weights, const REAL *mask, REAL *y, Convolve s) {
    NAME(convolve)<4, 4>(x, weights, mask, y, s);
}
KERNEL(convolve_8)(const REAL *x, const REAL *weights, const REAL *mask, REAL *y, Convolve s) {
    NAME(convolve)<8, 8>(x, weights, mask, y, s);
}

// A block computes the gradient by some outputs and inputs of a group, for TAPS taps of the kernel from `blockIdx.z * TAPS` on, over a
// part of the images: `parts[blockIdx.x]`. A thread has SIDE outputs and as many inputs. Threads share the pixels of a tile; what they found
// is added by halves.
template <int TAPS, int SIDE>
__device__ __forceinline__ void NAME(correlate)(const REAL *x, const REAL *gy, REAL *parts, const Correlate &s) {
    REAL *gradients = (REAL *)dynamic_shared;
    const u32 taps = s.kh * s.kw, area = s.tile_rows * s.tile_columns;
    const u32 across_outputs = s.tile_outputs / SIDE, across_inputs = s.tile_inputs / SIDE, pairs = across_outputs * across_inputs;
    REAL *patch = gradients + s.tile_outputs * (area + 1);
    const u32 tiles_out = (s.outputs + s.tile_outputs - 1) / s.tile_outputs, tiles_in = (s.inputs + s.tile_inputs - 1) / s.tile_inputs;
    const u32 input0 = blockIdx.y % tiles_in * s.tile_inputs, output0 = blockIdx.y / tiles_in % tiles_out * s.tile_outputs;
    const u32 group = blockIdx.y / (tiles_in * tiles_out);
    const u32 pair = threadIdx.x % pairs, lane = threadIdx.x / pairs, lanes = BLOCK / pairs;
    const u32 output = pair / across_inputs, input = pair % across_inputs;
    const u32 across = (s.columns + s.tile_columns - 1) / s.tile_columns, down = (s.rows + s.tile_rows - 1) / s.tile_rows;
    const u32 each = (s.n + gridDim.x - 1) / gridDim.x, end = min((blockIdx.x + 1) * each, s.n);

    u32 offsets[TAPS];
    REAL sums[SIDE][SIDE][TAPS];
    for (int t = 0; t < TAPS; t++) {
        // Taps beyond the last are computed as the last, and not written.
        u32 tap = min(blockIdx.z * TAPS + t, taps - 1);
        offsets[t] = tap / s.kw * s.dilation * s.patch_columns + tap % s.kw * s.dilation;
        for (int o = 0; o < SIDE; o++)
            for (int i = 0; i < SIDE; i++) sums[o][i][t] = REAL(0);
    }
    for (u32 image = blockIdx.x * each; image < end; image++)
        for (u32 tile = 0; tile < across * down; tile++) {
            const u32 row0 = tile / across * s.tile_rows, column0 = tile % across * s.tile_columns;
            const int top = (int)(row0 * s.stride) - (int)s.padding, left = (int)(column0 * s.stride) - (int)s.padding;
            __syncthreads();
            for (u32 i = threadIdx.x; i < s.tile_outputs * area; i += BLOCK) {
                u32 of = i / area, pixel = i % area, row = row0 + pixel / s.tile_columns, column = column0 + pixel % s.tile_columns;
                bool inside = output0 + of < s.outputs && row < s.rows && column < s.columns;
                gradients[of * (area + 1) + pixel] =
                    inside ? gy[(((image * s.groups + group) * s.outputs + output0 + of) * s.rows + row) * s.columns + column] : REAL(0);
            }
            for (u32 i = threadIdx.x; i < s.tile_inputs * s.patch_rows * s.patch_columns; i += BLOCK) {
                u32 of = i / (s.patch_rows * s.patch_columns), pixel = i % (s.patch_rows * s.patch_columns);
                int row = top + (int)(pixel / s.patch_columns), column = left + (int)(pixel % s.patch_columns);
                bool inside = input0 + of < s.inputs && row >= 0 && column >= 0 && row < (int)s.h && column < (int)s.w;
                REAL value = inside ? x[(((image * s.groups + group) * s.inputs + input0 + of) * s.h + row) * s.w + column] : REAL(0);
                patch[of * s.patch + pixel] = s.rectified && value <= REAL(0) ? REAL(0) : value;
            }
            __syncthreads();
            for (u32 pixel = lane; pixel < area; pixel += lanes) {
                REAL gradient[SIDE];
                for (int o = 0; o < SIDE; o++) gradient[o] = gradients[(output + o * across_outputs) * (area + 1) + pixel];
                const REAL *from = patch + pixel / s.tile_columns * s.stride * s.patch_columns + pixel % s.tile_columns * s.stride;
                for (int i = 0; i < SIDE; i++)
                    for (int t = 0; t < TAPS; t++) {
                        REAL value = from[(input + i * across_inputs) * s.patch + offsets[t]];
                        for (int o = 0; o < SIDE; o++) sums[o][i][t] = fused(value, gradient[o], sums[o][i][t]);
                    }
            }
        }
    for (int o = 0; o < SIDE; o++)
        for (int i = 0; i < SIDE; i++)
            for (int t = 0; t < TAPS; t++) {
                REAL sum = sums[o][i][t];
                if (lanes > 1) {
                    __syncthreads();
                    gradients[threadIdx.x] = sum;
                    for (u32 half = lanes / 2; half > 0; half /= 2) {
                        __syncthreads();
                        if (lane < half) gradients[threadIdx.x] += gradients[threadIdx.x + half * pairs];
                    }
                    __syncthreads();
                    sum = gradients[pair];
                }
                u32 tap = blockIdx.z * TAPS + t, of = output0 + output + o * across_outputs, from = input0 + input + i * across_inputs;
                if (lane == 0 && tap < taps && of < s.outputs && from < s.inputs)
                    parts[((blockIdx.x * s.groups + group) * s.outputs + of) * s.inputs * taps + from * taps + tap] = sum;
            }
}

KERNEL(correlate_1)(const REAL *x, const REAL *gy, REAL *parts, Correlate s) { NAME(correlate)<1, 1>(x, gy, parts, s); }
KERNEL(correlate_9)(const REAL *x, const REAL *gy, REAL *parts, Correlate s) { NAME(correlate)<9, 1>(x, gy, parts, s); }
KERNEL(correlate_1_wide)(const REAL *x, const REAL *gy, REAL *parts, Correlate s) { NAME(correlate)<1, 2>(x, gy, parts, s); }
KERNEL(correlate_9_wide)(const REAL *x, const REAL *gy, REAL *parts, Correlate s) { NAME(correlate)<9, 2>(x, gy, parts, s); }

// The sum of all parts, in their order. Row `r` of `length` elements is written to `r * step` of the result.
KERNEL(add_parts)(const REAL *parts, REAL *sum, u32 n, u32 count, u32 length, u32 step) {
    for (EACH(i, n)) {
        REAL total = parts[i];
        for (u32 part = 1; part < count; part++) total += parts[part * n + i];
        sum[i / length * step + i % length] = total;
    }
}
