"""The seven zero-cost measures one after another, each with a fresh copy of the network and passes of its own."""

import copy

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

LAYERS = (nn.Conv2d, nn.Linear)


def layers(net):
    return [module for module in net.modules() if isinstance(module, LAYERS)]


def backward(net, images, labels):
    net.zero_grad()
    F.cross_entropy(net(images), labels).backward()


def grad_norm(net, images, labels):
    backward(net, images, labels)
    return sum(layer.weight.grad.norm() for layer in layers(net))


def plain(net, images, labels):
    backward(net, images, labels)
    return sum((layer.weight.grad * layer.weight).sum() for layer in layers(net))


def snip(net, images, labels):
    """Uses the gradient of masks that multiply the weights."""
    masks = []
    for layer in layers(net):
        mask = torch.ones_like(layer.weight, requires_grad=True)
        weight = layer.weight.detach()
        if isinstance(layer, nn.Conv2d):
            layer.forward = lambda x, l=layer, w=weight, m=mask: F.conv2d(
                x, w * m, l.bias, l.stride, l.padding, l.dilation, l.groups
            )
        else:
            layer.forward = lambda x, l=layer, w=weight, m=mask: F.linear(x, w * m, l.bias)
        masks.append(mask)
    F.cross_entropy(net(images), labels).backward()
    return sum(mask.grad.abs().sum() for mask in masks)


def grasp(net, images, labels):
    """The first pass gives the gradient. The second one differentiates the product of the gradient with itself."""
    weights = [layer.weight for layer in layers(net)]
    first = torch.autograd.grad(F.cross_entropy(net(images), labels), weights, allow_unused=True)
    again = torch.autograd.grad(F.cross_entropy(net(images), labels), weights, create_graph=True, allow_unused=True)
    sum((a.detach() * b).sum() for a, b in zip(first, again)).backward()
    return sum((-weight * weight.grad).sum() for weight in weights)


def fisher(net, images, labels):
    """Uses hooks on the output of each layer."""
    found = {}

    def keep(layer, _, output):
        output.retain_grad()
        found[layer] = output

    for layer in layers(net):
        layer.register_forward_hook(keep)
    backward(net, images, labels)
    total = 0
    for layer, output in found.items():
        product = (output * output.grad).flatten(2).sum(2) if output.dim() > 2 else output * output.grad
        total += 0.5 * product.pow(2).mean(0).sum() * layer.weight[0].numel()
    return total


def jacob_cov(net, images, labels):
    images = images.clone().requires_grad_(True)
    logits = net(images)
    logits.backward(torch.ones_like(logits))
    values, _ = np.linalg.eig(np.corrcoef(images.grad.flatten(1).numpy()))
    return -np.sum(np.log(values + 1e-5) + 1.0 / (values + 1e-5))


def synflow(net, images, labels):
    net = net.double()
    for tensor in net.state_dict().values():
        tensor.abs_()
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.forward = lambda x: x
    net(torch.ones((1, *images.shape[1:]), dtype=torch.float64)).sum().backward()
    return sum((layer.weight * layer.weight.grad).abs().sum() for layer in layers(net))


MEASURES = (grad_norm, snip, grasp, fisher, jacob_cov, plain, synflow)


def all_measures(net, images, labels):
    return [measure(copy.deepcopy(net), images, labels) for measure in MEASURES]
