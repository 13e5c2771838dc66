// Kernels that move elements: parts of rows, parts of weights, every second pixel.

// The first `length` elements of every row, from `start` on.
KERNEL(take)(const REAL *x, REAL *y, u32 n, u32 length, u32 x_row, u32 start) {
    for (EACH(i, n)) y[i] = x[i / length * x_row + start + i % length];
}

// Rows of `y_row` elements with those of `x` from `start` on, and zeros.
KERNEL(place)(const REAL *x, REAL *y, u32 n, u32 length, u32 y_row, u32 start) {
    for (EACH(i, n)) {
        u32 at = i % y_row - start;
        y[i] = at < length ? x[i / y_row * length + at] : REAL(0);
    }
}

// Each row of `a` followed by the same row of `b`.
KERNEL(join)(const REAL *a, const REAL *b, REAL *y, u32 n, u32 a_row, u32 b_row) {
    for (EACH(i, n)) {
        u32 row = i / (a_row + b_row), at = i % (a_row + b_row);
        y[i] = at < a_row ? a[row * a_row + at] : b[row * b_row + at - a_row];
    }
}

// `x` with `y` added to a part of each row, from `start` on.
KERNEL(add_at)(const REAL *x, const REAL *y, REAL *sum, u32 n, u32 length, u32 x_row, u32 start) {
    for (EACH(i, n)) {
        u32 at = i % x_row - start;
        sum[i] = at < length ? x[i] + y[i / x_row * length + at] : x[i];
    }
}

// Element `e` of row `r` lies at `rows[r] + elements[e]` of the whole.
KERNEL(gather)(const REAL *whole, const u32 *rows, const u32 *elements, REAL *part, u32 n, u32 length) {
    for (EACH(i, n)) part[i] = whole[rows[i / length] + elements[i % length]];
}

KERNEL(scatter)(const REAL *part, const u32 *rows, const u32 *elements, REAL *whole, u32 n, u32 length) {
    for (EACH(i, n)) whole[rows[i / length] + elements[i % length]] = part[i];
}

// Channels of even pixels, then channels of odd pixels; see `even_and_odd_pixels`.
KERNEL(even_odd)(const REAL *x, REAL *y, u32 n, u32 channels, u32 h, u32 w, u32 rows, u32 columns) {
    for (EACH(i, n)) {
        u32 column = i % columns, row = i / columns % rows, channel = i / (columns * rows) % (2 * channels);
        u32 image = i / (columns * rows * 2 * channels), odd = channel / channels;
        u32 at_y = 2 * row + odd, at_x = 2 * column + odd;
        bool inside = at_y < h && at_x < w;
        y[i] = inside ? x[((image * channels + channel % channels) * h + at_y) * w + at_x] : REAL(0);
    }
}

KERNEL(even_odd_gradient)(const REAL *gy, REAL *gx, u32 n, u32 channels, u32 h, u32 w, u32 rows, u32 columns) {
    for (EACH(i, n)) {
        u32 at_x = i % w, at_y = i / w % h, channel = i / (w * h) % channels, image = i / (w * h * channels), odd = at_y % 2;
        u32 place = ((image * 2 * channels + odd * channels + channel) * rows + at_y / 2) * columns + at_x / 2;
        gx[i] = at_x % 2 == odd ? gy[place] : REAL(0);
    }
}
