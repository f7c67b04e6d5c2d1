"""Images of digits to train with: 1,797 that come with the package, MNIST, and any folder of IDX files like MNIST's."""

from minibp.data.images import DataSet, Images, data_set, digits, folder, mnist

__all__ = ["DataSet", "Images", "data_set", "digits", "folder", "mnist"]
