namespace mtlgrid {}
