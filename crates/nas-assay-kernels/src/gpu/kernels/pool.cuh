// Pools. Window `o` of a side covers the pixels from `o stride - padding` on, as far as they are on the image.

#ifndef POOL_SHAPE
#define POOL_SHAPE
struct Pool {
    u32 h, w, rows, columns, kernel, stride, padding;
};
// The pixels of a window, and the windows of a pixel: `first` to below `end`.
struct Span {
    u32 first, end;
};
__device__ __forceinline__ Span pixels_of(u32 window, u32 size, const Pool &p) {
    u32 start = window * p.stride;
    return {start > p.padding ? start - p.padding : 0, min(start + p.kernel - p.padding, size)};
}
__device__ __forceinline__ Span windows_of(u32 pixel, u32 windows, const Pool &p) {
    u32 end = pixel + p.padding;
    return {end >= p.kernel ? (end - p.kernel) / p.stride + 1 : 0, min(end / p.stride + 1, windows)};
}
#endif

KERNEL(average)(const REAL *x, REAL *y, u32 n, Pool p) {
    for (EACH(i, n)) {
        const REAL *image = x + i / (p.rows * p.columns) * (p.h * p.w);
        Span rows = pixels_of(i / p.columns % p.rows, p.h, p), columns = pixels_of(i % p.columns, p.w, p);
        REAL sum = REAL(0);
        for (u32 row = rows.first; row < rows.end; row++)
            for (u32 column = columns.first; column < columns.end; column++) sum += image[row * p.w + column];
        y[i] = sum * (REAL)(1.0 / ((rows.end - rows.first) * (columns.end - columns.first)));
    }
}

KERNEL(average_gradient)(const REAL *gy, REAL *gx, u32 n, Pool p) {
    for (EACH(i, n)) {
        const REAL *image = gy + i / (p.h * p.w) * (p.rows * p.columns);
        Span rows = windows_of(i / p.w % p.h, p.rows, p), columns = windows_of(i % p.w, p.columns, p);
        REAL sum = REAL(0);
        for (u32 row = rows.first; row < rows.end; row++) {
            Span down = pixels_of(row, p.h, p);
            for (u32 column = columns.first; column < columns.end; column++) {
                Span across = pixels_of(column, p.w, p);
                REAL scale = (REAL)(1.0 / ((down.end - down.first) * (across.end - across.first)));
                sum = fused(image[row * p.columns + column], scale, sum);
            }
        }
        gx[i] = sum;
    }
}

// The largest pixel of a window: NaN counts as the largest, of equal pixels the first. Its place on the image.
__device__ __forceinline__ u32 NAME(largest)(const REAL *image, u32 window, const Pool &p, REAL &value) {
    Span rows = pixels_of(window / p.columns, p.h, p), columns = pixels_of(window % p.columns, p.w, p);
    u32 place = rows.first * p.w + columns.first;
    value = image[place];
    for (u32 row = rows.first; row < rows.end; row++)
        for (u32 column = columns.first; column < columns.end; column++) {
            REAL pixel = image[row * p.w + column];
            // Of several NaNs the last one counts, as on the CPU.
            if (pixel > value || pixel != pixel) {
                value = pixel;
                place = row * p.w + column;
            }
        }
    return place;
}

KERNEL(maximum)(const REAL *x, REAL *y, u32 n, Pool p) {
    for (EACH(i, n)) {
        u32 windows = p.rows * p.columns;
        NAME(largest)(x + i / windows * (p.h * p.w), i % windows, p, y[i]);
    }
}

KERNEL(maximum_places)(const REAL *x, u32 *places, u32 n, Pool p) {
    for (EACH(i, n)) {
        u32 windows = p.rows * p.columns;
        REAL value;
        places[i] = NAME(largest)(x + i / windows * (p.h * p.w), i % windows, p, value);
    }
}

KERNEL(maximum_gradient)(const REAL *gy, const u32 *places, REAL *gx, u32 n, Pool p) {
    for (EACH(i, n)) {
        u32 plane = i / (p.h * p.w), pixel = i % (p.h * p.w), before = plane * (p.rows * p.columns);
        Span rows = windows_of(pixel / p.w, p.rows, p), columns = windows_of(pixel % p.w, p.columns, p);
        REAL sum = REAL(0);
        for (u32 row = rows.first; row < rows.end; row++)
            for (u32 column = columns.first; column < columns.end; column++) {
                u32 window = before + row * p.columns + column;
                if (places[window] == pixel) sum += gy[window];
            }
        gx[i] = sum;
    }
}

KERNEL(at_maximum)(const REAL *v, const REAL *x, REAL *y, u32 n, Pool p) {
    for (EACH(i, n)) {
        u32 windows = p.rows * p.columns, plane = i / windows * (p.h * p.w);
        REAL value;
        y[i] = v[plane + NAME(largest)(x + plane, i % windows, p, value)];
    }
}
